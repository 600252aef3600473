//! What can go wrong, as the caller must hear it. Causes are logged where the answer is made and never sent.

use crate::{passwords::HashError, store::StoreError};
use sea_orm::{DbErr, RuntimeErr, sqlx};
use std::{fmt, time::Duration};
use wugan_wire::FieldError;

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub enum Error {
    /// Another account has the name.
    UsernameTaken,
    /// Unknown name or wrong password; which of them is not said.
    InvalidCredentials,
    /// The password typed again by somebody who is signed in is wrong. Not a 401: his token is good, and no refresh would help.
    WrongPassword,
    /// The refresh token is no longer good.
    InvalidGrant,
    /// The route wants an access token, and there was none.
    MissingToken,
    /// There was one, and it is broken, run out or revoked.
    InvalidToken,
    /// The body could not be read.
    InvalidRequest(&'static str),
    /// It could, and fields of it break rules.
    InvalidInput(Vec<FieldError>),
    /// There is no such thing.
    NotFound,
    /// The route has no such method.
    MethodNotAllowed,
    /// The body took too long to arrive.
    RequestTimeout,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is not JSON by its `Content-Type`.
    UnsupportedMediaType,
    /// Too many tries; come back after this time.
    RateLimited(Duration),
    /// Too much to do, or the database is away.
    Busy(String),
    /// Our fault.
    Internal(String),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if is_passing(&error) { Self::Busy(error.to_string()) } else { Self::Internal(error.to_string()) }
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy(error.to_string()),
            HashError::Failed => Self::Internal(error.to_string()),
        }
    }
}

impl From<jsonwebtoken::errors::Error> for Error {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::Internal(format!("a token could not be signed: {error}"))
    }
}

/// Whether the same statement may well succeed later: the database is away, out of room, read-only, or busy with somebody else.
fn is_passing(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_));
    };
    let sqlx::Error::Database(told) = cause.as_ref() else {
        return matches!(
            cause.as_ref(),
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        );
    };
    let code = told.code().unwrap_or_default();
    if told.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        // The low byte is the primary code: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
        return matches!(code.parse::<i32>().unwrap_or(0) & 0xff, 5 | 6 | 8 | 10 | 13 | 14);
    }
    // SQLSTATE classes: connection, rollback by the database, out of resources, operator intervention, system error; and MySQL's
    // HY000 for a lock that was waited for in vain or a server that is read-only.
    ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class)) || code == "HY000"
}

/// Why the server did not start: one line that says what to do.
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

impl From<crate::keys::KeyError> for StartError {
    fn from(error: crate::keys::KeyError) -> Self {
        Self(error.to_string())
    }
}
