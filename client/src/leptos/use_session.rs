//! The session as signals.

use super::lifetime::{is_hydrating, is_on_server, outliving};
use crate::{AuthState, Client, Event, SessionInfo, Subscription, User};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, reactive::owner::Owner, task::spawn_local};
use std::{cell::Cell, time::Duration};

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
    /// False on a server and during hydration.
    pub(super) hydrated: ReadSignal<bool>,
    /// Notifies whenever the tokens may have changed. Its value says nothing: a signal of `()` would be one more type to download.
    changes: ReadSignal<bool>,
    /// `None` on a server: there, a component may be dropped on another thread, which a client does not survive.
    client: Option<StoredValue<Client, LocalStorage>>,
}

impl UseSessionReturn {
    /// The client that was [provided](provide_session). On a server, one that sends nothing.
    ///
    /// # Panics
    /// In the browser, if the component that provides the session is gone.
    #[must_use]
    pub fn client(&self) -> Client {
        match self.client {
            Some(client) => client.get_value(),
            None => inert_client(),
        }
    }

    /// Ends the session, in this and the other tabs.
    pub fn sign_out(&self) {
        self.client().session().sign_out();
    }

    /// The client, unless the page is rendered on a server or its component is gone.
    pub(super) fn browser_client(&self) -> Option<Client> {
        self.client.and_then(|client| client.try_get_value())
    }
}

fn inert_client() -> Client {
    match Client::new("http://localhost/") {
        Ok(client) => client,
        Err(error) => unreachable!("a constant URL is valid: {error}"),
    }
}

/// The signals to write. `ArcRwSignal` takes half the code of a `WriteSignal` beside each `ReadSignal`.
#[derive(Clone)]
struct Signals {
    state: ArcRwSignal<AuthState>,
    user: ArcRwSignal<Option<User>>,
    signed_in: ArcRwSignal<bool>,
    ready: ArcRwSignal<bool>,
    session_id: ArcRwSignal<Option<u64>>,
    hydrated: ArcRwSignal<bool>,
    changes: ArcRwSignal<bool>,
}

impl Signals {
    fn set(&self, info: SessionInfo, session: u64) {
        let is_signed_in = info.state == AuthState::SignedIn;
        set_if_changed(&self.state, info.state);
        set_if_changed(&self.user, info.user);
        set_if_changed(&self.signed_in, is_signed_in);
        set_if_changed(&self.session_id, is_signed_in.then_some(session));
        self.changes.set(true);
    }
}

/// Notifies only about a change, so that a refresh re-runs nothing but the readers of the expiry.
fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    signal.maybe_update(|current| {
        let is_changed = *current != value;
        *current = value;
        is_changed
    });
}

/// Provides the session to this component and all below it, which get it by [`use_session`]. The signals follow the session from
/// now on, including changes by other tabs.
pub fn provide_session(client: Client) -> UseSessionReturn {
    let (provided, signals) = outliving(|| new_signals(client));
    if let Some(client) = provided.browser_client() {
        // Dropping it ends the subscription.
        StoredValue::new_local(follow(&client, provided.hydrated, signals.clone()));
        if is_hydrating() {
            reveal_after_hydration(provided, signals);
        } else {
            reveal(&client, &signals);
        }
    }
    provide_context(provided);
    provided
}

/// Signals of a signed-out session that is not ready.
fn new_signals(client: Client) -> (UseSessionReturn, Signals) {
    let signals = Signals {
        state: ArcRwSignal::new(AuthState::SignedOut { reason: None }),
        user: ArcRwSignal::new(None),
        signed_in: ArcRwSignal::new(false),
        ready: ArcRwSignal::new(false),
        session_id: ArcRwSignal::new(None),
        hydrated: ArcRwSignal::new(false),
        changes: ArcRwSignal::new(false),
    };
    let client = (!is_on_server()).then(|| StoredValue::new_local(client));
    let (signed_in, changes) = (read(&signals.signed_in), read(&signals.changes));
    let provided = UseSessionReturn {
        state: read(&signals.state),
        user: read(&signals.user),
        signed_in,
        ready: read(&signals.ready),
        expires_in: expiry(client, signed_in, changes, None),
        session_id: read(&signals.session_id),
        hydrated: read(&signals.hydrated),
        changes,
        client,
    };
    (provided, signals)
}

fn read<T: Send + Sync + 'static>(signal: &ArcRwSignal<T>) -> ReadSignal<T> {
    signal.read_only().into()
}

/// Sets the signals at each event that may change them.
fn follow(client: &Client, hydrated: ReadSignal<bool>, signals: Signals) -> Subscription {
    let session = client.session().clone();
    let sign_ins = Cell::new(0);
    client.session().on_event(move |timed| {
        if matches!(timed.event, Event::SignedIn { .. }) {
            sign_ins.set(sign_ins.get() + 1);
        }
        let is_change = matches!(
            timed.event,
            Event::SignedIn { .. } | Event::SignedOut { .. } | Event::UserChanged { .. } | Event::Adopted | Event::RefreshEnded { .. }
        );
        if is_change && hydrated.try_get_untracked() == Some(true) {
            signals.set(session.info(), sign_ins.get());
        }
    })
}

/// Sets the true values once hydration is complete. With lazy hydration that takes more than a tick.
fn reveal_after_hydration(provided: UseSessionReturn, signals: Signals) {
    let context = Owner::current_shared_context();
    spawn_local(async move {
        while context.as_ref().is_some_and(|context| context.during_hydration()) {
            TimeoutFuture::new(10).await;
        }
        if let Some(client) = provided.browser_client() {
            reveal(&client, &signals);
        }
    });
}

/// Sets the true values, and checks the session if only a refresh can tell whether it still exists.
fn reveal(client: &Client, signals: &Signals) {
    let session = client.session().clone();
    let info = session.info();
    let needs_check = info.state == AuthState::SignedIn && info.expires_in == Some(Duration::ZERO);
    signals.hydrated.set(true);
    signals.set(info, 0);
    if needs_check {
        let ready = signals.ready.clone();
        spawn_local(async move {
            // If the server rejects the refresh, the session is over by now. Other failures are no verdict, and it goes on.
            let _ = session.token().await;
            ready.set(true);
        });
    } else {
        signals.ready.set(true);
    }
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
    let Some(tick) = options.tick else { return session };
    let (set_ticks, expires_in) = outliving(|| {
        let (ticks, set_ticks) = signal(false);
        (set_ticks, expiry(session.client, session.signed_in, session.changes, Some(ticks)))
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
    client: Option<StoredValue<Client, LocalStorage>>,
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
        client?.try_with_value(|client| client.session().info().expires_in)?
    })
}
