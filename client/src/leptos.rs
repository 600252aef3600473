//! Bindings for Leptos: the session as signals, pages for those who are signed in, and requests that live and end with the session.
//!
//! | | |
//! | --- | --- |
//! | [`provide_session`], [`use_session`] | who is signed in, until when, and why no longer |
//! | [`Guarded`], [`use_guard`] | a page for those who are signed in |
//! | [`use_way_back`] | after the sign-in, on to where the visitor was going |
//! | [`use_session_resource`] | what is loaded anew for each session, and belongs to it |
//! | [`use_session_action`] | what the visitor does, which a sign-in in between does not lose |
//!
//! No router is asked for: whichever the app has is handed in as `navigate`, and without one the browser loads the page.
//!
//! ```no_run
//! use leptos::prelude::*;
//! use wugan::{Client, leptos::{Guarded, provide_session, use_session}};
//!
//! #[component]
//! fn App() -> impl IntoView {
//!     Client::new("").map(|client| {
//!         provide_session(client);
//!         view! { <Guarded fallback=|| "One moment…"><Hello /></Guarded> }
//!     })
//! }
//!
//! #[component]
//! fn Hello() -> impl IntoView {
//!     let session = use_session();
//!     move || session.user.get().map(|user| format!("Hello {}", user.name.unwrap_or(user.id)))
//! }
//! ```

mod address;
mod guarded;
mod use_guard;
mod use_session;
mod use_session_action;
mod use_session_resource;
mod use_way_back;

pub use guarded::{Guarded, GuardedProps};
pub use use_guard::{Admission, UseGuardOptions, UseGuardReturn, use_guard, use_guard_with_options};
pub use use_session::{UseSessionOptions, UseSessionReturn, provide_session, use_session, use_session_with_options};
pub use use_session_action::{UseSessionActionOptions, UseSessionActionReturn, use_session_action, use_session_action_with_options};
pub use use_session_resource::{UseSessionResourceReturn, use_session_resource};
pub use use_way_back::{UseWayBackOptions, UseWayBackReturn, use_way_back, use_way_back_with_options};
