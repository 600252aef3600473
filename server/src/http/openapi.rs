//! `GET /openapi.json`: the wire as OpenAPI 3.1. Written by hand, and held to what the server answers by a test.

use crate::app::App;
use axum::{Router, http::header, response::IntoResponse, routing::get};
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/openapi.json", get(document))
}

async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json"))
}
