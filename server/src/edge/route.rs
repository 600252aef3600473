//! The labels of requests in metrics.

use axum::http::Method;
use wugan_wire::routes;

const KNOWN: [&str; 16] = [
    routes::REGISTER,
    routes::LOGIN,
    routes::RESET,
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

/// The label of a path: that of a known route, never the path that was sent.
pub(super) fn label(path: &str) -> &'static str {
    let is_session = || path.strip_prefix(routes::SESSIONS).is_some_and(|rest| rest.starts_with('/'));
    match KNOWN.iter().find(|route| **route == path) {
        Some(route) => route,
        None if is_session() => "/user/sessions/{id}",
        None => "other",
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
