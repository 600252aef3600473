//! `GET /.well-known/jwks.json` and `GET /.well-known/oauth-authorization-server`: what other services need to verify access tokens.

use crate::auth::Auth;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

/// How long the answers may be cached. A new key is to be added that long before it signs.
const CACHING: HeaderValue = HeaderValue::from_static("public, max-age=300");

pub(super) fn router() -> Router<Auth> {
    Router::new().route("/.well-known/jwks.json", get(keys)).route("/.well-known/oauth-authorization-server", get(metadata))
}

/// The public keys (RFC 7517). Empty with HS256, which has none.
async fn keys(State(auth): State<Auth>) -> Response {
    cacheable(json!({"keys": auth.tokens().public_keys()}))
}

/// The metadata of RFC 8414 §2. There is no authorization endpoint: sign-in is by `/user/login`.
async fn metadata(State(auth): State<Auth>) -> Response {
    let issuer = auth.tokens().issuer();
    let mut metadata = json!({
        "issuer": issuer,
        "response_types_supported": [],
        "grant_types_supported": [],
        // RFC 9449 §5.1.
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA"],
    });
    // An issuer that is no URL has no address for its keys.
    if issuer.contains("://") {
        metadata["jwks_uri"] = format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')).into();
    }
    cacheable(metadata)
}

fn cacheable(value: Value) -> Response {
    let mut response = Json(value).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, CACHING);
    response
}
