//! Who is signed in, until when, and why no longer, as signals.

use crate::{Client, Event, State, User};
use leptos::{prelude::*, task::spawn_local};
use std::time::Duration;

/// What [`use_session_with_options`] can be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct UseSessionOptions {
    tick: Option<Duration>,
}

impl UseSessionOptions {
    /// How often [`expires_in`](UseSessionReturn::expires_in) moves by itself. Default: never, only with the tokens.
    #[must_use]
    pub fn tick(mut self, tick: Duration) -> UseSessionOptions {
        self.tick = Some(tick);
        self
    }
}

/// The session as signals; `Copy`, so that closures can share it.
#[derive(Clone, Copy, Debug)]
pub struct UseSessionReturn {
    /// Signed in or not, and why not.
    pub state: Signal<State>,
    /// Who is signed in.
    pub user: Signal<Option<User>>,
    /// Whether anybody is.
    pub signed_in: Signal<bool>,
    /// Whether that is certain. It is not while a page that has just been loaded finds a session whose access token has run out:
    /// only a refresh can tell whether the session still stands. As soon as that ended, however it did, this is true for good.
    pub certain: Signal<bool>,
    /// How long the access token still works, where that is known, at the moment of reading. It will be renewed before.
    pub expires_in: Signal<Option<Duration>>,
    /// Another number for each sign-in; None while nobody is signed in.
    pub(super) turn: Signal<Option<u64>>,
    client: StoredValue<Client, LocalStorage>,
    changes: RwSignal<()>,
}

impl UseSessionReturn {
    /// The client, to send requests with.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.get_value()
    }

    /// Signs out, here and in the other tabs.
    pub fn sign_out(&self) {
        self.client().session().sign_out();
    }
}

/// Lets this component and all below it [`use_session`]. The signals follow the session from here on, other tabs' doings included.
pub fn provide_session(client: Client) -> UseSessionReturn {
    let session = client.session().clone();
    let peek = RwSignal::new(session.peek());
    let changes = RwSignal::new(());
    let sign_ins = RwSignal::new(0);
    let subscription = session.clone().on_event(move |noted| {
        if matches!(noted.event, Event::SignedIn { .. }) {
            sign_ins.try_update(|count| *count += 1);
        }
        if matches!(noted.event, Event::SignedIn { .. } | Event::SignedOut { .. } | Event::Adopted | Event::RefreshEnded { .. }) {
            peek.try_set(session.peek());
            changes.try_set(());
        }
    });
    // Owned by this component: with it, the subscription goes.
    StoredValue::new_local(subscription);
    // Only what changed moves a signal: a refresh shows nowhere but in the expiry.
    let state = Memo::new(move |_| peek.with(|peek| peek.state));
    let signed_in = Memo::new(move |_| state.get() == State::SignedIn);
    let stored = StoredValue::new_local(client);
    let provided = UseSessionReturn {
        state: state.into(),
        user: Memo::new(move |_| peek.with(|peek| peek.user.clone())).into(),
        signed_in: signed_in.into(),
        certain: make_certain(stored),
        expires_in: expiry(stored, move || changes.track()),
        turn: Memo::new(move |_| signed_in.get().then(|| sign_ins.get())).into(),
        client: stored,
        changes,
    };
    provide_context(provided);
    provided
}

/// The session that a component above [provided](provide_session).
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
/// If none did.
#[must_use]
pub fn use_session() -> UseSessionReturn {
    expect_context()
}

/// …with options.
///
/// ```no_run
/// use leptos::prelude::*;
/// use std::time::Duration;
/// use wugan::leptos::{UseSessionOptions, use_session_with_options};
///
/// #[component]
/// fn Countdown() -> impl IntoView {
///     let session = use_session_with_options(UseSessionOptions::default().tick(Duration::from_secs(1)));
///     move || session.expires_in.get().map(|left| format!("{} s", left.as_secs()))
/// }
/// ```
///
/// # Panics
/// As [`use_session`].
#[must_use]
pub fn use_session_with_options(options: UseSessionOptions) -> UseSessionReturn {
    let session = use_session();
    let Some(tick) = options.tick else { return session };
    let ticks = RwSignal::new(());
    if let Ok(interval) = set_interval_with_handle(move || ticks.set(()), tick) {
        on_cleanup(move || interval.clear());
    }
    let moves = move || {
        session.changes.track();
        ticks.track();
    };
    UseSessionReturn { expires_in: expiry(session.client, moves), ..session }
}

fn expiry(client: StoredValue<Client, LocalStorage>, moves: impl Fn() + Send + Sync + 'static) -> Signal<Option<Duration>> {
    Signal::derive(move || {
        moves();
        client.with_value(|client| client.session().peek().expires_in)
    })
}

/// Asks, if only asking can tell.
fn make_certain(client: StoredValue<Client, LocalStorage>) -> Signal<bool> {
    let session = client.with_value(|client| client.session().clone());
    let found = session.peek();
    let doubtful = found.state == State::SignedIn && found.expires_in == Some(Duration::ZERO);
    let certain = RwSignal::new(!doubtful);
    if doubtful {
        spawn_local(async move {
            // Rejected, the session is over by now. Any other failure is no verdict, and the session stays.
            let _ = session.access_token().await;
            certain.try_set(true);
        });
    }
    certain.into()
}
