//! Errors of requests, and why a server does not start. Causes are logged and not sent.

use crate::store::{ServerError, StoreError};
use sea_orm::DbErr;
use std::{fmt, time::Duration};
use wugan_wire::FieldError;

/// Why a request failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Another account has the name.
    UsernameTaken,
    /// Unknown name, wrong password or disabled account. They are not distinguished.
    InvalidCredentials,
    /// The password typed again by a signed-in user is wrong. Answered 403: the access token is valid, and a refresh would not help.
    WrongPassword,
    /// The refresh token or the one-time code is no longer valid.
    InvalidGrant,
    /// The route needs an access token, and none was sent.
    MissingToken,
    /// The access token is malformed, expired or revoked.
    InvalidToken,
    /// The DPoP proof of a sign-in, a refresh or a sign-out is missing or invalid. Answered 400 (RFC 9449 §5).
    InvalidProof,
    /// The DPoP proof for a bound access token is missing or invalid. Answered 401 (RFC 9449 §7.1).
    UnprovenToken,
    /// A bound token was sent without a proof or with the proof of another key; or the token of a DPoP request is invalid or not bound.
    InvalidBoundToken,
    /// The DPoP proof must contain this nonce.
    NonceNeeded {
        /// The nonce.
        nonce: String,
        /// Whether an access token was sent, which is answered 401; else 400.
        is_resource: bool,
    },
    /// The request, or an argument of the application, is malformed; the text says how.
    InvalidRequest(&'static str),
    /// Fields of the body break rules.
    InvalidInput(Vec<FieldError>),
    /// The resource does not exist.
    NotFound,
    /// The route does not support the method.
    MethodNotAllowed,
    /// The body took too long to arrive.
    RequestTimeout,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is not JSON by its `Content-Type`.
    UnsupportedMediaType,
    /// Too many attempts; try again after this time.
    RateLimited(Duration),
    /// The server is overloaded, or the database is unavailable. Try again. The text is the cause.
    Busy(String),
    /// A defect. The text is the cause.
    Internal(String),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let is_defect = ServerError::of(&error) == ServerError::Other;
        if is_defect { Self::Internal(error.to_string()) } else { Self::Busy(error.to_string()) }
    }
}

impl From<jsonwebtoken::errors::Error> for Error {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::Internal(format!("a token could not be signed: {error}"))
    }
}

/// Why the server did not start, in one line that says what to do.
#[derive(Debug)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}
