//! Who is signed in, until when, and why no longer, as signals.

use crate::{Client, Event, Peek, State, User};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, time::Duration};

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
    pub state: ReadSignal<State>,
    /// Who is signed in.
    pub user: ReadSignal<Option<User>>,
    /// Whether anybody is.
    pub signed_in: ReadSignal<bool>,
    /// Whether that is certain. It is not while a page that has just been loaded finds a session whose access token has run out:
    /// only a refresh can tell whether the session still stands. As soon as that ended, however it did, this is true for good.
    pub certain: ReadSignal<bool>,
    /// How long the access token still works, where that is known, at the moment of reading. It will be renewed before.
    pub expires_in: Signal<Option<Duration>>,
    /// Another number for each sign-in; None while nobody is signed in.
    pub(super) turn: ReadSignal<Option<u64>>,
    client: StoredValue<Client, LocalStorage>,
    changes: ReadSignal<()>,
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
    let Peek { state: found, user: whom, .. } = session.peek();
    let is_in = found == State::SignedIn;
    let (state, set_state) = signal(found);
    let (user, set_user) = signal(whom);
    let (signed_in, set_signed_in) = signal(is_in);
    let (turn, set_turn) = signal(is_in.then_some(0));
    let (changes, set_changes) = signal(());
    let sign_ins = Cell::new(0);
    let subscription = session.clone().on_event(move |noted| {
        if matches!(noted.event, Event::SignedIn { .. }) {
            sign_ins.set(sign_ins.get() + 1);
        }
        if matches!(noted.event, Event::SignedIn { .. } | Event::SignedOut { .. } | Event::Adopted | Event::RefreshEnded { .. }) {
            let Peek { state, user, .. } = session.peek();
            let is_in = state == State::SignedIn;
            move_to(set_state, state);
            move_to(set_user, user);
            move_to(set_signed_in, is_in);
            move_to(set_turn, is_in.then(|| sign_ins.get()));
            set_changes.try_set(());
        }
    });
    // Owned by this component: with it, the subscription goes.
    StoredValue::new_local(subscription);
    let stored = StoredValue::new_local(client);
    let certain = make_certain(stored);
    let expires_in = expiry(stored, changes, None);
    let provided = UseSessionReturn { state, user, signed_in, certain, expires_in, turn, client: stored, changes };
    provide_context(provided);
    provided
}

/// Only what changed moves a signal: a refresh shows nowhere but in the expiry.
fn move_to<T: PartialEq + Send + Sync + 'static>(signal: WriteSignal<T>, value: T) {
    signal.try_maybe_update(|held| {
        let moves = *held != value;
        *held = value;
        (moves, ())
    });
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
    let (ticks, set_ticks) = signal(());
    if let Ok(interval) = set_interval_with_handle(move || set_ticks.set(()), tick) {
        on_cleanup(move || interval.clear());
    }
    UseSessionReturn { expires_in: expiry(session.client, session.changes, Some(ticks)), ..session }
}

fn expiry(client: StoredValue<Client, LocalStorage>, changes: ReadSignal<()>, ticks: Option<ReadSignal<()>>) -> Signal<Option<Duration>> {
    Signal::derive(move || {
        changes.track();
        if let Some(ticks) = ticks {
            ticks.track();
        }
        client.with_value(|client| client.session().peek().expires_in)
    })
}

/// Asks, if only asking can tell.
fn make_certain(client: StoredValue<Client, LocalStorage>) -> ReadSignal<bool> {
    let session = client.with_value(|client| client.session().clone());
    let found = session.peek();
    let doubtful = found.state == State::SignedIn && found.expires_in == Some(Duration::ZERO);
    let (certain, set_certain) = signal(!doubtful);
    if doubtful {
        spawn_local(async move {
            // Rejected, the session is over by now. Any other failure is no verdict, and the session stays.
            let _ = session.access_token().await;
            set_certain.try_set(true);
        });
    }
    certain
}
