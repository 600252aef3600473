//! Sign-in with an OpenID provider: Authorization Code with PKCE (RFC 6749 §4.1; RFC 7636; OpenID Connect Core §3.1).
//!
//! ```no_run
//! use wugan::{Client, oidc::{Config, Error, SignInOptions}};
//!
//! # async fn example() -> Result<(), Error> {
//! let config = Config::new("https://login.example.com", "my-app");
//! let oidc = config.connect(Client::builder("https://api.example.com")).await?;
//! match oidc.callback().await {
//!     Ok(path) => println!("signed in; go on at {path}"),
//!     Err(Error::NoResponse) => oidc.sign_in(SignInOptions::default()).await?,
//!     Err(error) => println!("{error}"),
//! }
//! # Ok(()) }
//! ```
//!
//! Afterwards the session is that of [`Oidc::client`]: tokens are renewed at the provider, once for all requests and tabs.
//!
//! | step | checked |
//! | --- | --- |
//! | discovery | the issuer is equal, S256 is listed, all endpoints are https |
//! | response | `state` of this tab, used once; `iss` (RFC 9207); the address is cleaned |
//! | ID token | signature by the provider's keys, issuer, audience, `azp`, `nonce`, times by the provider's clock, `auth_time` |
//! | afterwards | the page to return to is a path of this origin |
//!
//! `docs/openid.md` says which providers were tried, and how to set them up.

mod authorize;
mod browser;
mod callback;
mod config;
mod connect;
mod discovery;
mod error;
mod exchange;
mod fetch;
mod id_token;
mod jwks;
mod logout;
mod pending;
mod pkce;
mod popup;
mod provider;
mod response;
mod return_path;
mod userinfo;

pub use authorize::SignInOptions;
pub use config::Config;
pub use discovery::Metadata;
pub use error::{Error, IdTokenError, ProviderError};
pub use provider::Oidc;
