//! The engine behind the session's signals.

use super::signals::Signals;
use crate::{
    Client, Session, Warning,
    platform::Guard,
    session::{event::Fact, events::Observer},
    storage::record::{Credential, begun_at},
};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, fmt, rc::Rc, time::Duration};

/// A client, as [`provide_session_lazy`](super::provide_session_lazy) gets it from the part of the program that contains the client's
/// code. Cheap to clone.
#[derive(Clone)]
pub struct SessionEngine(pub(super) Rc<dyn Engine>);

impl SessionEngine {
    /// Call it in the part that is loaded later, because it refers to all code of the client.
    #[must_use]
    pub fn new(client: Client) -> SessionEngine {
        SessionEngine(Rc::new(client))
    }
}

impl fmt::Debug for SessionEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionEngine").finish_non_exhaustive()
    }
}

/// The part of a client that the signals use. As a trait object, so that code that uses it does not link the client's code.
pub(super) trait Engine {
    fn client(&self) -> Client;

    fn storage_key(&self) -> &str;

    fn expires_in(&self) -> Option<Duration>;

    fn warnings(&self) -> Vec<Warning>;

    fn sign_out(&self);

    /// Ends the session unless it began after this time of the device's clock, in milliseconds since 1970. A later one is not the session
    /// that the user has ended.
    fn sign_out_unless_after(&self, time: f64);

    /// Sets the signals at each event that may change them, until the guard is dropped.
    fn subscribe_signals(&self, signals: Signals) -> Guard;

    /// Sets the signals to the session's state after hydration, and checks the session if only a refresh can tell whether it still exists.
    fn publish_state(&self, signals: &Signals);
}

impl Engine for Client {
    fn client(&self) -> Client {
        self.clone()
    }

    fn storage_key(&self) -> &str {
        &self.session().0.settings.storage_key
    }

    fn expires_in(&self) -> Option<Duration> {
        self.session().expires_in()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.session().present_warnings()
    }

    fn sign_out(&self) {
        self.session().sign_out();
    }

    fn sign_out_unless_after(&self, time: f64) {
        let now = self.session().0.transport.platform.now();
        // One that is far in the future is older: the clock was set back.
        let is_later = |held: &Credential| {
            let begun = begun_at(&held.session);
            begun > time && begun < now + 1_000.0
        };
        if time > 0.0 && !self.session().current().is_some_and(|held| is_later(&held)) {
            self.session().sign_out();
        }
    }

    fn subscribe_signals(&self, signals: Signals) -> Guard {
        let observer = Follower { session: self.session().clone(), signals, is_changed: Cell::new(false) };
        Box::new(self.session().0.events.subscribe(Rc::new(observer)))
    }

    fn publish_state(&self, signals: &Signals) {
        let session = self.session().clone();
        let needs_check = session.expires_in() == Some(Duration::ZERO);
        signals.hydrated.set(true);
        show(&session, signals);
        if needs_check {
            let ready = signals.ready.clone();
            spawn_local(async move {
                // If the server has rejected the refresh, the session has ended now. Other failures are no verdict: the session goes on.
                let _ = session.token().await;
                ready.set(true);
            });
        } else {
            signals.ready.set(true);
        }
    }
}

/// Shows the changes of a session by its signals.
struct Follower {
    session: Session,
    signals: Signals,
    is_changed: Cell<bool>,
}

impl Observer for Follower {
    fn note(&self, _: f64, fact: &Fact<'_>) {
        if matches!(fact, Fact::SignedIn { .. }) {
            self.signals.sign_ins.set(self.signals.sign_ins.get() + 1);
        }
        self.is_changed.set(self.is_changed.get() || fact.is_of_session());
    }

    fn deliver(&self) {
        if self.is_changed.take() && self.signals.hydrated.get_untracked() {
            show(&self.session, &self.signals);
        }
    }
}

fn show(session: &Session, signals: &Signals) {
    let held = session.current();
    signals.set(session.state(held.as_ref()), held.and_then(|held| held.tokens.user.clone()));
}
