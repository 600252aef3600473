//! The routes for accounts and sessions.

use super::{accounts, login, metadata, refresh, sessions};
use crate::{auth::Auth, error::Error};
use axum::Router;

impl Auth {
    /// The routes for accounts, sessions and keys, for a router with any state:
    ///
    /// `POST /user/register`, `/user/login`, `/user/refresh`, `/user/logout`, `/user/password`, `/user/reset`, `/user/delete`;
    /// `GET /user/me`, `/user/sessions`; `DELETE /user/sessions/{id}`; `GET /.well-known/jwks.json`, `/.well-known/oauth-authorization-server`.
    pub fn routes<S>(&self) -> Router<S> {
        Router::new()
            .merge(login::router(self.inner.options.registration))
            .merge(refresh::router(self.inner.options.query_refresh))
            .merge(accounts::router())
            .merge(sessions::router())
            .merge(metadata::router(self.tokens().issuer()))
            .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
            .with_state(self.clone())
    }
}
