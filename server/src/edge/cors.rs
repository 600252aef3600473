//! CORS for the listed origins. No cookies are used, so credentials are not allowed.

use axum::http::{HeaderName, HeaderValue, Method, header};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Request headers of the usual tracing libraries (W3C Trace Context, W3C Baggage, Sentry), which fail a preflight unless they are listed.
const TRACING_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("sentry-trace"),
];

pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");
pub(super) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// CORS for pages of these origins, which may send these headers beside `Authorization`, `Content-Type`, `DPoP` and those of tracing libraries.
pub(crate) fn cors(origins: &[String], headers: &[HeaderName]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let usual = [header::AUTHORIZATION, header::CONTENT_TYPE, DPOP].into_iter().chain(TRACING_HEADERS);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(usual.chain(headers.iter().cloned()).collect::<Vec<_>>())
        // Clients measure server time by `Date`, and wait for `Retry-After`.
        .expose_headers([header::DATE, header::RETRY_AFTER, header::WWW_AUTHENTICATE, DPOP_NONCE, HeaderName::from_static("x-request-id")])
        .max_age(Duration::from_secs(600))
}
