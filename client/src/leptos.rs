//! Bindings for Leptos: the session as signals.
//!
//! ```no_run
//! use leptos::prelude::*;
//! use wugan::{Client, leptos::{provide_session, use_session}};
//!
//! #[component]
//! fn App() -> impl IntoView {
//!     Client::new("").map(|client| {
//!         provide_session(client);
//!         view! { <Hello /> }
//!     })
//! }
//!
//! #[component]
//! fn Hello() -> impl IntoView {
//!     let session = use_session();
//!     move || match session.user.get() {
//!         Some(user) => format!("Hello {}", user.name.unwrap_or(user.id)),
//!         None => "Hello stranger".to_owned(),
//!     }
//! }
//! ```

use crate::{Client, Event, State, User};
use leptos::prelude::*;

/// The session as signals; `Copy`, so that closures can share it.
#[derive(Clone, Copy, Debug)]
pub struct UseSession {
    /// Signed in or not, and why not.
    pub state: Signal<State>,
    /// Who is signed in.
    pub user: Signal<Option<User>>,
    /// Whether anybody is.
    pub signed_in: Signal<bool>,
    client: StoredValue<Client, LocalStorage>,
}

impl UseSession {
    /// The client, to send requests with.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.get_value()
    }
}

/// Lets this component and all below it [`use_session`]. The signals follow the session from here on, other tabs' doings included.
pub fn provide_session(client: Client) -> UseSession {
    let session = client.session().clone();
    let peek = RwSignal::new(session.peek());
    // Only what changed moves a signal: a refresh shows nowhere.
    let subscription = session.clone().on_event(move |noted| {
        if matches!(noted.event, Event::SignedIn { .. } | Event::SignedOut { .. } | Event::Adopted | Event::RefreshEnded { .. }) {
            peek.try_set(session.peek());
        }
    });
    // Owned by this component: with it, the subscription goes.
    StoredValue::new_local(subscription);
    let state = Memo::new(move |_| peek.with(|peek| peek.state));
    let provided = UseSession {
        state: state.into(),
        user: Memo::new(move |_| peek.with(|peek| peek.user.clone())).into(),
        signed_in: Memo::new(move |_| state.get() == State::SignedIn).into(),
        client: StoredValue::new_local(client),
    };
    provide_context(provided);
    provided
}

/// The session that a component above [provided](provide_session).
///
/// # Panics
/// If none did.
#[must_use]
pub fn use_session() -> UseSession {
    expect_context()
}
