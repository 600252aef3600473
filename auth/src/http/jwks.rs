//! `GET /.well-known/jwks.json`: the public keys for other services (RFC 7517). Empty with HS256, which has none.

use crate::auth::Auth;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

/// How long the answer may be cached. A new key is to be added that long before it signs.
const CACHING: HeaderValue = HeaderValue::from_static("public, max-age=300");

pub(super) fn router() -> Router<Auth> {
    Router::new().route("/.well-known/jwks.json", get(keys))
}

async fn keys(State(auth): State<Auth>) -> Response {
    let mut response = Json(json!({"keys": auth.tokens().keys().public()})).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, CACHING);
    response
}
