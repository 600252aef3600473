//! `GET /.well-known/jwks.json`: what other services verify access tokens with (RFC 7517). Empty with HS256, which has no public half.

use crate::app::App;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use std::sync::Arc;

/// How long others may keep them: a new key should be added that long before it signs.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/.well-known/jwks.json", get(keys))
}

async fn keys(State(app): State<Arc<App>>) -> Response {
    let mut answer = Json(json!({"keys": app.tokens.keys().public()})).into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, KEPT);
    answer
}
