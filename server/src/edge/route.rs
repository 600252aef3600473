//! The labels of requests in metrics, and the class of a route, by which requests are admitted.

use axum::http::Method;
use wugan_wire::routes;

/// What a request costs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Hashes a password.
    Password,
    /// Exchanges or ends a refresh token.
    Refresh,
    /// Guarded routes, probes, documents and files.
    Other,
}

const KNOWN: [(&str, Class); 16] = [
    (routes::REGISTER, Class::Password),
    (routes::LOGIN, Class::Password),
    (routes::RESET, Class::Password),
    (routes::REFRESH, Class::Refresh),
    (routes::LOGOUT, Class::Refresh),
    (routes::ME, Class::Other),
    (routes::PASSWORD, Class::Password),
    (routes::DELETE, Class::Password),
    (routes::SESSIONS, Class::Other),
    (routes::PUBLIC, Class::Other),
    (routes::GUARDED, Class::Other),
    ("/healthz", Class::Other),
    ("/readyz", Class::Other),
    ("/openapi.json", Class::Other),
    ("/.well-known/jwks.json", Class::Other),
    ("/.well-known/oauth-authorization-server", Class::Other),
];

/// The label and the class of a path. The label is that of a known route, never the path that was sent.
pub(super) fn classify(path: &str) -> (&'static str, Class) {
    let is_session = || path.strip_prefix(routes::SESSIONS).is_some_and(|rest| rest.starts_with('/'));
    match KNOWN.iter().find(|(route, _)| *route == path) {
        Some(known) => *known,
        None if is_session() => ("/user/sessions/{id}", Class::Other),
        None => ("other", Class::Other),
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
