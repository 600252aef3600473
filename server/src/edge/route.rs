//! The known routes: their labels in metrics, and which of them are sign-ins.

use axum::http::Method;
use wugan_wire::routes;

/// A known route, or another path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    label: &'static str,
}

/// The routes that cost a password hash or a query and need no token.
const SIGN_IN: [&str; 3] = [routes::REGISTER, routes::LOGIN, routes::RESET];
/// All other routes: they need a token, or are answered from memory or a file.
const OTHERS: [&str; 13] = [
    routes::REFRESH,
    routes::LOGOUT,
    routes::ME,
    routes::PASSWORD,
    routes::DELETE,
    routes::SESSIONS,
    routes::PUBLIC,
    routes::GUARDED,
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
];

impl Route {
    /// The route of a path.
    pub(super) fn of(path: &str) -> Self {
        let is_session = || path.strip_prefix(routes::SESSIONS).is_some_and(|rest| rest.starts_with('/'));
        let label = match SIGN_IN.iter().chain(&OTHERS).find(|route| **route == path) {
            Some(route) => route,
            None if is_session() => "/user/sessions/{id}",
            None => "other",
        };
        Self { label }
    }

    /// The label in metrics: a known route's path, never the path that was sent.
    pub(super) fn label(self) -> &'static str {
        self.label
    }

    /// Whether the number of such requests in progress is limited.
    pub(super) fn is_sign_in(self) -> bool {
        SIGN_IN.contains(&self.label)
    }
}

/// The label of a method. Clients can send any, and a label is kept until the process ends.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
