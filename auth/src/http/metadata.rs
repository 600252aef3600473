//! `GET /.well-known/jwks.json` and `GET /.well-known/oauth-authorization-server`: what other services need to verify access tokens.

use crate::{auth::Auth, error::Error};
use axum::{
    Json, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use url::Url;

/// How long the answers may be cached. A new key is to be added that long before it signs.
const CACHING: &str = "public, max-age=300";
const METADATA: &str = "/.well-known/oauth-authorization-server";

/// The metadata of an issuer with a path has an address of its own (RFC 8414 §3.1).
pub(super) fn router(issuer: &str) -> Router<Auth> {
    let router = Router::new().route("/.well-known/jwks.json", get(keys)).route(METADATA, get(metadata));
    let issuer = Url::parse(issuer).ok();
    match issuer.as_ref().map(|issuer| issuer.path().trim_end_matches('/')) {
        None | Some("") => router,
        Some(path) => router.without_v07_checks().route(&format!("{METADATA}{path}"), get(metadata)),
    }
}

/// The public keys (RFC 7517). Empty with HS256, which has none.
async fn keys(State(auth): State<Auth>) -> Response {
    cacheable(json!({"keys": auth.tokens().public_keys()}))
}

/// The metadata of RFC 8414 §2, if the issuer is a URL. There is no authorization endpoint: sign-in is by `/user/login`.
async fn metadata(State(auth): State<Auth>) -> Result<Response, Error> {
    if auth.inner.origin.is_none() {
        return Err(Error::NotFound);
    }
    let issuer = auth.tokens().issuer();
    let mut metadata = json!({
        "issuer": issuer,
        "response_types_supported": [],
        "grant_types_supported": [],
        // RFC 9449 §5.1.
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA"],
    });
    if !auth.tokens().public_keys().is_empty() {
        metadata["jwks_uri"] = format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')).into();
    }
    Ok(cacheable(metadata))
}

fn cacheable(value: Value) -> Response {
    ([(header::CACHE_CONTROL, CACHING)], Json(value)).into_response()
}
