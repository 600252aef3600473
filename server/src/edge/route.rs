//! The known routes: their labels in metrics, and their class for admission.

use axum::http::Method;
use wugan_wire::routes;

/// A known route, or another path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    label: &'static str,
    class: Class,
}

/// The class of a route for admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Costs a password hash or a query, and needs no token.
    SignIn,
    /// All others: they need a token, or are answered from memory or a file.
    Other,
}

const ROUTES: [(&str, Class); 16] = [
    (routes::REGISTER, Class::SignIn),
    (routes::LOGIN, Class::SignIn),
    (routes::RESET, Class::SignIn),
    (routes::REFRESH, Class::Other),
    (routes::LOGOUT, Class::Other),
    (routes::ME, Class::Other),
    (routes::PASSWORD, Class::Other),
    (routes::DELETE, Class::Other),
    (routes::SESSIONS, Class::Other),
    (routes::PUBLIC, Class::Other),
    (routes::GUARDED, Class::Other),
    ("/healthz", Class::Other),
    ("/readyz", Class::Other),
    ("/openapi.json", Class::Other),
    ("/.well-known/jwks.json", Class::Other),
    ("/.well-known/oauth-authorization-server", Class::Other),
];

impl Route {
    /// The route of a path.
    pub(super) fn of(path: &str) -> Self {
        let known = ROUTES.iter().find(|(route, _)| *route == path);
        let is_session = || path.strip_prefix(routes::SESSIONS).is_some_and(|rest| rest.starts_with('/'));
        match known {
            Some(&(label, class)) => Self { label, class },
            None if is_session() => Self { label: "/user/sessions/{id}", class: Class::Other },
            None => Self { label: "other", class: Class::Other },
        }
    }

    /// The label in metrics: a known route's path, never the path that was sent.
    pub(super) fn label(self) -> &'static str {
        self.label
    }

    /// The class for admission.
    pub(super) fn class(self) -> Class {
        self.class
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
