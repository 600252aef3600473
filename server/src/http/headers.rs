//! Headers that every answer has (ASVS 3.4), whoever made it: a page, an error, a 404.

use super::device::{Peer, is_https};
use crate::app::App;
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use std::sync::Arc;

/// What is set unless the answer has its own. The strictest policy is right for whatever is not the app's page.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    (header::CACHE_CONTROL, "no-store"),
];
const TWO_YEARS: HeaderValue = HeaderValue::from_static("max-age=63072000");

pub(super) async fn secure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let https = is_https(request.extensions().get::<Peer>(), request.headers(), &app.config.trusted_proxy);
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TWO_YEARS);
    }
    answer
}
