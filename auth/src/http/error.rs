//! Errors as responses: the fields of the NestJS tutorial and a code for programs, without the cause.

use crate::error::Error;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{fmt, time::Duration};
use tracing::{error, warn};
use wugan_wire::{Code, ErrorBody};

/// `Retry-After` of a 503.
const RETRY_WHEN_BUSY: Duration = Duration::from_secs(1);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code, message) = self.describe();
        let error = match code {
            // OAuth clients read the code from this member (RFC 9449 §5, §8).
            Code::InvalidDpopProof => "invalid_dpop_proof",
            Code::UseDpopNonce => "use_dpop_nonce",
            _ => status.canonical_reason().unwrap_or_default(),
        };
        let fields = if let Self::InvalidInput(fields) = &self { fields.clone() } else { Vec::new() };
        let body = ErrorBody { status_code: status.as_u16(), message: message.into(), error: error.into(), code, fields };
        let mut answer = (status, Json(body)).into_response();
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
            // RFC 6750 §3: `error` only where an access token was sent. RFC 9449 §7.1, §9.
            let challenge = match self {
                Self::InvalidToken => "Bearer error=\"invalid_token\"",
                Self::InvalidBoundToken => "DPoP error=\"invalid_token\", algs=\"ES256 EdDSA\"",
                Self::UnprovenToken => "DPoP error=\"invalid_dpop_proof\", algs=\"ES256 EdDSA\"",
                Self::NonceNeeded { .. } => "DPoP error=\"use_dpop_nonce\", algs=\"ES256 EdDSA\"",
                _ => "Bearer",
            };
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Self::NonceNeeded { nonce, .. } = &self
            && let Ok(nonce) = HeaderValue::from_str(nonce)
        {
            answer.headers_mut().insert("dpop-nonce", nonce);
            answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if matches!(self, Self::RequestTimeout | Self::PayloadTooLarge) {
            // The rest of the body is not read.
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(cause) | Self::Internal(cause) => write!(f, "{} {cause}", self.describe().2),
            _ => f.write_str(self.describe().2),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    fn describe(&self) -> (StatusCode, Code, &'static str) {
        match self {
            Self::UsernameTaken => (StatusCode::CONFLICT, Code::UsernameTaken, "That username is taken."),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, Code::InvalidCredentials, "Wrong username or password."),
            Self::WrongPassword => (StatusCode::FORBIDDEN, Code::InvalidCredentials, "Wrong password."),
            Self::InvalidGrant => (
                StatusCode::UNAUTHORIZED,
                Code::InvalidGrant,
                "The session or the code is no longer valid. Please sign in again, or ask for a new code.",
            ),
            Self::MissingToken => (StatusCode::UNAUTHORIZED, Code::InvalidToken, "An access token is required."),
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, Code::InvalidToken, "The access token is invalid or has expired."),
            Self::InvalidProof => (StatusCode::BAD_REQUEST, Code::InvalidDpopProof, "A DPoP proof is missing or invalid."),
            Self::UnprovenToken => (StatusCode::UNAUTHORIZED, Code::InvalidDpopProof, "A DPoP proof is missing or invalid."),
            Self::InvalidBoundToken => (
                StatusCode::UNAUTHORIZED,
                Code::InvalidToken,
                "The token is invalid, has expired, or is not bound to the key of the proof.",
            ),
            Self::NonceNeeded { is_resource, .. } => {
                let status = if *is_resource { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
                (status, Code::UseDpopNonce, "The DPoP proof must contain the nonce of the header DPoP-Nonce.")
            }
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
}
