//! The token answer, which nobody may keep but the caller.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use wugan_wire::TokenAnswer;

/// RFC 6749 §5.1: an answer with tokens is not stored on the way.
pub(super) fn tokens(status: StatusCode, answer: TokenAnswer) -> Response {
    let mut answer = (status, Json(answer)).into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
