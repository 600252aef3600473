//! The headers of every response (ASVS 3.4), errors included.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::{mem, sync::LazyLock};

/// Set unless the response has its own. This content policy is for everything but the app's page.
const HEADERS: [(HeaderName, HeaderValue); 8] = [
    // Answers differ by `Origin`, also those to requests without one (case 21).
    (header::VARY, HeaderValue::from_static("origin")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static("camera=(), geolocation=(), microphone=()")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
const TWO_YEARS: HeaderValue = HeaderValue::from_static("max-age=63072000");

pub(super) fn complete(headers: &mut HeaderMap, is_https: bool) {
    // Copying a map is cheaper than inserting each header.
    static DEFAULTS: LazyLock<HeaderMap> = LazyLock::new(|| HEADERS.into_iter().collect());
    let own = mem::replace(headers, DEFAULTS.clone());
    headers.extend(own);
    let names_origin = |vary: &HeaderValue| vary.to_str().is_ok_and(|vary| vary.to_ascii_lowercase().contains("origin"));
    if !headers.get_all(header::VARY).iter().any(names_origin) {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TWO_YEARS);
    }
}
