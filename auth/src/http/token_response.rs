//! The answer that carries tokens.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use wugan_wire::TokenAnswer;

/// A token answer, which no cache may store (RFC 6749 §5.1).
pub(super) fn token_response(status: StatusCode, answer: TokenAnswer) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}
