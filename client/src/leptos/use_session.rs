//! The session as signals.

use super::{
    engine::SessionEngine,
    lifetime::{after_hydration, is_on_server, outliving},
    signals::{Signals, read},
    slot::{Load, Slot, Waiting},
};
use crate::{AuthState, Client, User, Warning};
use futures::{FutureExt, channel::oneshot};
use leptos::prelude::*;
use std::{fmt, time::Duration};

/// Options of [`use_session_with_options`].
#[derive(Clone, Copy, Debug, Default)]
pub struct UseSessionOptions {
    tick: Option<Duration>,
}

impl UseSessionOptions {
    /// Sets how often [`expires_in`](UseSessionReturn::expires_in) counts down. Default: never, it changes with the tokens only.
    #[must_use]
    pub fn tick(mut self, tick: Duration) -> UseSessionOptions {
        self.tick = Some(tick);
        self
    }
}

/// The session as signals; `Copy`, so that closures can share it.
#[derive(Clone, Copy, Debug)]
pub struct UseSessionReturn {
    /// Whether a user is signed in, and if not, why.
    pub state: ReadSignal<AuthState>,
    /// The signed-in user, if the token names one.
    pub user: ReadSignal<Option<User>>,
    /// Whether a user is signed in.
    pub signed_in: ReadSignal<bool>,
    /// Whether the other signals can be relied on. False on a server, during hydration, and while a page that was just loaded
    /// checks a stored session whose access token has expired, which only a refresh can do. Once true, it stays true.
    pub ready: ReadSignal<bool>,
    /// How long the access token is valid, if that is known, at the moment of reading. It is renewed before it expires.
    pub expires_in: Signal<Option<Duration>>,
    /// A number that differs for each session; `None` while no user is signed in.
    pub session_id: ReadSignal<Option<u64>>,
    /// Whether the engine of [`provide_session_lazy`](super::provide_session_lazy) could not be loaded, or takes longer than ten seconds.
    /// A later load may succeed.
    pub load_failed: ReadSignal<bool>,
    /// False on a server and during hydration.
    pub(super) hydrated: ReadSignal<bool>,
    changes: ReadSignal<bool>,
    /// `None` on a server: there, a component may be dropped on another thread, which a client does not survive.
    pub(super) engine: Option<Slot>,
}

impl UseSessionReturn {
    /// The client that was [provided](provide_session). On a server, one that sends nothing.
    ///
    /// # Panics
    /// In the browser, if the component that provides the session is gone, and before the engine of
    /// [`provide_session_lazy`](super::provide_session_lazy) is loaded: [`load`](Self::load) waits for it.
    #[must_use]
    pub fn client(&self) -> Client {
        match (self.engine, self.browser_client()) {
            (None, _) => inert_client(),
            (_, Some(client)) => client,
            (Some(_), None) => panic!("the session has no client: its component is gone, or its engine is not loaded, see `load`"),
        }
    }

    /// The client, once the engine of [`provide_session_lazy`](super::provide_session_lazy) is loaded. It is there at once after
    /// [`provide_session`].
    ///
    /// # Errors
    /// [`LoadError`] if it could not be loaded.
    pub fn load(&self) -> impl Future<Output = Result<Client, LoadError>> + use<> {
        let (sender, loaded) = oneshot::channel();
        match self.engine {
            Some(slot) => {
                slot.when_loaded(Box::new(move |engine| drop(sender.send(engine.map(|engine| engine.0.client())))));
                slot.load();
            }
            None => drop(sender.send(Some(inert_client()))),
        }
        loaded.map(|client| client.ok().flatten().ok_or(LoadError))
    }

    /// Begins to load the engine of [`provide_session_lazy`](super::provide_session_lazy), for instance when a sign-in form is opened.
    pub fn preload(&self) {
        if let Some(slot) = self.engine {
            slot.load();
        }
    }

    /// What needs attention, such as a storage that is blocked or full. Tracked, as a signal's value is.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.changes.track();
        self.loaded().map(|engine| engine.0.warnings()).unwrap_or_default()
    }

    /// Ends the session, in this and the other tabs. A stored session whose engine is not loaded yet ends when it is.
    pub fn sign_out(&self) {
        match (self.loaded(), self.engine) {
            (Some(engine), _) => engine.0.sign_out(),
            (None, Some(slot)) if self.ready.try_get_untracked() == Some(false) => slot.sign_out_when_loaded(),
            _ => {}
        }
    }

    /// The client, unless the page is rendered on a server, the component is gone, or the engine is not loaded.
    pub(super) fn browser_client(&self) -> Option<Client> {
        self.loaded().map(|engine| engine.0.client())
    }

    /// Calls back with the client: now, or as soon as it is loaded. Never on a server.
    pub(super) fn when_loaded(self, attach: impl FnOnce(Client) + 'static) {
        let Some(slot) = self.engine else { return };
        let attach: Waiting = Box::new(move |engine| match engine {
            Some(engine) => attach(engine.0.client()),
            None => self.when_loaded(attach),
        });
        slot.when_loaded(attach);
    }

    fn loaded(&self) -> Option<SessionEngine> {
        self.engine.and_then(Slot::engine)
    }
}

/// The code of the session's engine could not be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadError;

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the code of the session's engine could not be loaded")
    }
}

impl std::error::Error for LoadError {}

fn inert_client() -> Client {
    match Client::new("http://localhost/") {
        Ok(client) => client,
        Err(error) => unreachable!("a constant URL is valid: {error}"),
    }
}

/// Provides the session to this component and all below it, which get it by [`use_session`]. The signals follow the session from
/// now on, including changes by other tabs.
pub fn provide_session(client: Client) -> UseSessionReturn {
    let (provided, signals) = outliving(|| new_session(None));
    if let Some(slot) = provided.engine {
        let engine = SessionEngine::new(client);
        slot.fill(engine.clone());
        after_hydration(move || engine.0.publish_state(&signals));
    }
    provide_context(provided);
    provided
}

/// Signals of a signed-out session that is not ready. Its engine is loaded by `load`, if that is given.
pub(super) fn new_session(load: Option<Load>) -> (UseSessionReturn, Signals) {
    let signals = Signals::default();
    let engine = (!is_on_server()).then(|| Slot::new(signals.clone(), load));
    let (signed_in, changes) = (read(&signals.signed_in), read(&signals.changes));
    let provided = UseSessionReturn {
        state: read(&signals.state),
        user: read(&signals.user),
        signed_in,
        ready: read(&signals.ready),
        expires_in: expiry(engine, signed_in, changes, None),
        session_id: read(&signals.session_id),
        load_failed: read(&signals.load_failed),
        hydrated: read(&signals.hydrated),
        changes,
        engine,
    };
    (provided, signals)
}

/// The session that a component above [provides](provide_session).
///
/// ```no_run
/// use leptos::prelude::*;
/// use wugan::leptos::use_session;
///
/// #[component]
/// fn SignOut() -> impl IntoView {
///     let session = use_session();
///     view! {
///         <Show when=move || session.signed_in.get()>
///             <button on:click=move |_| session.sign_out()>"Sign out"</button>
///         </Show>
///     }
/// }
/// ```
///
/// # Panics
/// If no component above provides a session.
#[must_use]
pub fn use_session() -> UseSessionReturn {
    expect_context()
}

/// Like [`use_session`], with options.
///
/// ```no_run
/// use leptos::prelude::*;
/// use std::time::Duration;
/// use wugan::leptos::{UseSessionOptions, use_session_with_options};
///
/// #[component]
/// fn Countdown() -> impl IntoView {
///     let session = use_session_with_options(UseSessionOptions::default().tick(Duration::from_secs(1)));
///     move || session.expires_in.get().map(|time| format!("{} s", time.as_secs()))
/// }
/// ```
///
/// # Panics
/// If no component above provides a session.
#[must_use]
pub fn use_session_with_options(options: UseSessionOptions) -> UseSessionReturn {
    let session = use_session();
    // A browser's timer takes 31 bits of milliseconds.
    let Some(tick) = options.tick.map(|tick| tick.clamp(Duration::from_millis(1), Duration::from_millis(i32::MAX as u64))) else {
        return session;
    };
    let (set_ticks, expires_in) = outliving(|| {
        let (ticks, set_ticks) = signal(false);
        (set_ticks, expiry(session.engine, session.signed_in, session.changes, Some(ticks)))
    });
    let notify = move || {
        set_ticks.try_set(true);
    };
    if !is_on_server()
        && let Ok(interval) = set_interval_with_handle(notify, tick)
    {
        on_cleanup(move || interval.clear());
    }
    UseSessionReturn { expires_in, ..session }
}

fn expiry(
    engine: Option<Slot>,
    signed_in: ReadSignal<bool>,
    changes: ReadSignal<bool>,
    ticks: Option<ReadSignal<bool>>,
) -> Signal<Option<Duration>> {
    Signal::derive(move || {
        changes.track();
        if let Some(ticks) = ticks {
            ticks.track();
        }
        if !signed_in.get() {
            return None;
        }
        engine?.engine()?.0.expires_in()
    })
}
