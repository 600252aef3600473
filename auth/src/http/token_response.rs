//! The answer that carries tokens.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use wugan_wire::TokenAnswer;

/// A token answer, which no cache may store (RFC 6749 §5.1).
pub(super) fn token_response(status: StatusCode, answer: TokenAnswer) -> Response {
    let mut response = (status, Json(answer)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
