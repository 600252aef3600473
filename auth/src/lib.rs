//! Accounts, refresh token rotation with reuse detection, and guarded routes for [axum](https://docs.rs/axum) applications.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use wugan_axum::{Auth, Options, User};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Auth::open(Options::new("sqlite://app.db").signing_key("app.key")).await?;
//! let app = Router::new().route("/hello", get(hello)).merge(auth.routes()).with_state(auth);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app.into_make_service_with_connect_info::<std::net::SocketAddr>()).await?;
//! # Ok(())
//! # }
//!
//! /// Answers 401 with the challenge of RFC 6750 unless a valid access token is sent.
//! async fn hello(user: User) -> String {
//!     format!("You are user {}.", user.id)
//! }
//! ```
//!
//! [`Auth::routes`] adds `/user/register`, `/user/login`, `/user/refresh` and the other routes for accounts and sessions. An application
//! with a state of its own implements [`FromRef`](axum::extract::FromRef) for [`Auth`]. Clients are distinguished by their address, so
//! serve with `into_make_service_with_connect_info`, and name proxies with [`Options::trusted_proxies`].
//!
//! A client that sends a DPoP proof (RFC 9449) at sign-in gets tokens that are of no use without its key; see [`Options::require_dpop`].
//!
//! The feature `verifier` adds `Verifier`, with which a service without the database verifies access tokens by `/.well-known/jwks.json`.

mod accounts;
mod attempt;
mod auth;
mod blocking;
mod claims;
mod device;
mod dpop;
mod error;
mod http;
mod inner;
mod limiter;
mod maintenance;
mod management;
mod metrics;
mod network;
mod network_limiter;
mod options;
mod passwords;
mod proxies;
mod quota;
mod readiness;
mod session_cache;
mod sessions;
mod task;
mod token_cache;
mod user;
#[cfg(feature = "verifier")]
mod verifier;

#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod keys;
#[doc(hidden)]
pub mod rotation;
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod tokens;

#[doc(hidden)]
pub use accounts::{Accounts, name_key};
#[doc(hidden)]
pub use attempt::Attempt;
pub use auth::Auth;
pub use device::Device;
pub use dpop::PresentedProof;
#[doc(hidden)]
pub use dpop::Scheme;
pub use error::{Error, StartError};
#[doc(hidden)]
pub use http::body;
pub use keys::SigningAlgorithm;
pub use limiter::Rate;
#[doc(hidden)]
pub use metrics::{CONTENT_TYPE as METRICS_CONTENT_TYPE, Metrics};
#[doc(hidden)]
pub use network::{SITE_SHARE, client_groups, client_network, client_site, prefix};
pub use options::Options;
#[doc(hidden)]
pub use passwords::Passwords;
pub use proxies::{ForwardedHeader, TrustedProxies};
#[doc(hidden)]
pub use quota::{Permit, Quota};
#[doc(hidden)]
pub use sessions::Sessions;
pub use user::User;
#[cfg(feature = "verifier")]
pub use verifier::{AccessToken, Verifier, VerifyError};
pub use wugan_wire::{FieldError, TokenAnswer};
