//! Bindings for Leptos: the session as signals, guarded pages, and requests that belong to a session.
//!
//! | | |
//! | --- | --- |
//! | [`provide_session`], [`use_session`] | the signed-in user, and how long the access token is valid |
//! | [`provide_session_lazy`] | the same, but a visitor without a session does not load the client's code |
//! | [`Guarded`], [`use_guard`] | a page for signed-in users only |
//! | [`use_return_to`] | after the sign-in, back to the page that was asked for |
//! | [`use_session_resource`] | data that is loaded for each session and belongs to it |
//! | [`use_session_action`] | a user's action; if its session is over, it runs after the next sign-in |
//! | `OidcSession`, `OidcCallback`, `use_oidc` | sign-in with an OpenID provider, with the feature `oidc` |
//!
//! The bindings depend on no router: pass the router's function as `navigate`. Without one, the browser loads the page.
//!
//! ```no_run
//! use leptos::prelude::*;
//! use wugan::{Client, leptos::{Guarded, provide_session, use_session}};
//!
//! #[component]
//! fn App() -> impl IntoView {
//!     Client::new("").map(|client| {
//!         provide_session(client);
//!         view! { <Guarded fallback=|| "Loading…"><Hello /></Guarded> }
//!     })
//! }
//!
//! #[component]
//! fn Hello() -> impl IntoView {
//!     let session = use_session();
//!     move || session.user.get().map(|user| format!("Hello {}", user.name.unwrap_or(user.id)))
//! }
//! ```
//!
//! # Server-side rendering
//!
//! The tokens are in the browser, so the server cannot know whether a user is signed in. While it renders a page, `signed_in` and
//! [`ready`](UseSessionReturn::ready) are false: guards show their fallback and navigate nowhere, resources and actions send
//! nothing. The browser hydrates with the same values and then sets the true ones. The example `ssr` of this project shows it.

mod address;
mod engine;
mod guarded;
mod lazy;
mod lifetime;
#[cfg(feature = "oidc")]
mod oidc_callback;
#[cfg(feature = "oidc")]
mod oidc_session;
mod restored;
mod signals;
mod slot;
mod use_guard;
#[cfg(feature = "oidc")]
mod use_oidc;
mod use_return_to;
mod use_session;
mod use_session_action;
mod use_session_resource;

pub use engine::SessionEngine;
pub use guarded::{Guarded, GuardedProps};
pub use lazy::provide_session_lazy;
#[cfg(feature = "oidc")]
pub use oidc_callback::{OidcCallback, OidcCallbackOptions, OidcCallbackProps};
#[cfg(feature = "oidc")]
pub use oidc_session::{OidcSession, OidcSessionProps};
pub use use_guard::{AuthStatus, UseGuardOptions, UseGuardReturn, use_guard, use_guard_with_options};
#[cfg(feature = "oidc")]
pub use use_oidc::{UseOidcReturn, provide_oidc, use_oidc};
pub use use_return_to::{UseReturnToOptions, UseReturnToReturn, use_return_to, use_return_to_with_options};
pub use use_session::{LoadError, UseSessionOptions, UseSessionReturn, provide_session, use_session, use_session_with_options};
pub use use_session_action::{UseSessionActionOptions, UseSessionActionReturn, use_session_action, use_session_action_with_options};
pub use use_session_resource::{UseSessionResourceReturn, use_session_resource};
