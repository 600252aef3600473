//! Errors as responses: the tutorial's shape and a code for programs, without the cause.

use crate::error::Error;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::time::Duration;
use tracing::{error, warn};
use wugan_wire::{Code, ErrorBody, FieldError};

/// `Retry-After` of a 503.
const RETRY_WHEN_BUSY: Duration = Duration::from_secs(1);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code, message) = self.describe();
        let mut answer = body(status, code, message, self.fields()).into_response();
        match &self {
            Self::Busy(cause) => warn!(cause, "answered 503"),
            Self::Internal(cause) => error!(cause, "answered 500"),
            _ => {}
        }
        let retry = match self {
            Self::RateLimited(wait) => Some(wait),
            Self::Busy(_) => Some(RETRY_WHEN_BUSY),
            _ => None,
        };
        if let Some(wait) = retry {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750 §3: `error` only where an access token was sent.
            let challenge = if matches!(self, Self::InvalidToken) { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if matches!(self, Self::RequestTimeout | Self::PayloadTooLarge) {
            // The rest of the body is not read.
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}

impl Error {
    fn describe(&self) -> (StatusCode, Code, &'static str) {
        match self {
            Self::UsernameTaken => (StatusCode::CONFLICT, Code::UsernameTaken, "That username is taken."),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, Code::InvalidCredentials, "Wrong username or password."),
            Self::WrongPassword => (StatusCode::FORBIDDEN, Code::InvalidCredentials, "Wrong password."),
            Self::InvalidGrant => (StatusCode::UNAUTHORIZED, Code::InvalidGrant, "The session has ended. Please sign in again."),
            Self::MissingToken => (StatusCode::UNAUTHORIZED, Code::InvalidToken, "An access token is required."),
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, Code::InvalidToken, "The access token is invalid or has expired."),
            Self::InvalidRequest(message) => (StatusCode::BAD_REQUEST, Code::InvalidRequest, message),
            Self::InvalidInput(_) => (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput, "Some fields are invalid."),
            Self::NotFound => (StatusCode::NOT_FOUND, Code::NotFound, "Not found."),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed, "This resource does not support the method.")
            }
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, Code::RequestTimeout, "The request took too long to arrive."),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Code::PayloadTooLarge, "The request body is too large."),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::UnsupportedMediaType,
                "The body must be JSON, with Content-Type: application/json.",
            ),
            Self::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, "Too many attempts. Please wait a moment."),
            Self::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::Busy, "The service is busy. Please try again in a moment."),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, "Something went wrong on our side."),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::InvalidInput(fields) => fields.clone(),
            _ => Vec::new(),
        }
    }
}

fn body(status: StatusCode, code: Code, message: &str, fields: Vec<FieldError>) -> (StatusCode, Json<ErrorBody>) {
    let error = status.canonical_reason().unwrap_or_default().to_owned();
    (status, Json(ErrorBody { status_code: status.as_u16(), message: message.into(), error, code, fields }))
}
