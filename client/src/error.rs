//! Why a call failed, as small enums by which the caller decides what to do.

use http::StatusCode;
use std::{fmt, time::Duration};

/// Why a request or a refresh failed. `Clone`, because all waiters of one shared refresh get the same error.
///
/// | error | what to do |
/// | --- | --- |
/// | [`SignedOut`](Error::SignedOut) | show the sign-in page |
/// | [`SessionChanged`](Error::SessionChanged) | drop the result: it belongs to another user |
/// | [`NotRenewable`](Error::NotRenewable) | go on; ask for a new sign-in before `valid_for` has passed |
/// | [`Unavailable`](Error::Unavailable) | keep the page, offer a retry after `retry_after` |
/// | [`Timeout`](Error::Timeout), [`Network`](Error::Network) | offer a retry |
/// | [`Aborted`](Error::Aborted) | nothing: the program aborted it |
/// | [`NotReplayable`](Error::NotReplayable) | build the request again and send it |
/// | [`InvalidRequest`](Error::InvalidRequest) | fix the program |
/// | [`Status`](Error::Status), [`Decode`](Error::Decode) | report what the server answered |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The session has ended.
    SignedOut(SignOutReason),
    /// Another user signed in after the request was begun; it was not sent again.
    SessionChanged,
    /// The session cannot be renewed: the server refused, or there is no refresh token. It stays signed in until its access token expires.
    NotRenewable {
        /// How long the access token is still valid, where that is known.
        valid_for: Option<Duration>,
    },
    /// The session could not be renewed; it is kept.
    Unavailable {
        /// When the next attempt is allowed.
        retry_after: Duration,
    },
    /// The caller's deadline has passed. Neither the shared refresh nor other waiters are affected.
    Timeout,
    /// The request's `AbortSignal` was triggered.
    Aborted,
    /// The request did not reach the server, or the response did not come back.
    Network(String),
    /// The access token was refused and renewed, but the body is a stream that was consumed: see [`Body::from_fn`](crate::Body::from_fn).
    NotReplayable,
    /// The request cannot be built. The text names the mistake and what to do instead.
    InvalidRequest(String),
    /// The status is not a success; from [`Response::error_for_status`](crate::Response::error_for_status) and a sign-in.
    Status {
        /// The HTTP status.
        status: StatusCode,
        /// The URL without query.
        url: String,
        /// The header `Retry-After`, if it is visible. A date in it means at most 60 s if `Date` is hidden or the response has `Age`.
        retry_after: Option<Duration>,
    },
    /// The body is not what was asked for.
    Decode {
        /// The HTTP status.
        status: StatusCode,
        /// The URL without query.
        url: String,
        /// What is wrong with the body, without quoting it.
        message: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::SignedOut(_) => f.write_str("the session has ended: sign in again"),
            Error::SessionChanged => f.write_str("another user has signed in: the request was not sent again"),
            Error::NotRenewable { .. } => f.write_str("the session cannot be renewed (the server refused, or there is no refresh token): sign in again before its access token expires"),
            Error::Unavailable { retry_after } => {
                let seconds = retry_after.as_secs().saturating_add(u64::from(retry_after.subsec_nanos() > 0));
                write!(f, "the session could not be renewed: try again in {seconds} s")
            }
            Error::Timeout => f.write_str("the request took longer than its deadline"),
            Error::Aborted => f.write_str("the request was aborted"),
            Error::Network(reason) => write!(f, "the server could not be reached: {reason}"),
            Error::NotReplayable => f.write_str(
                "the access token had to be renewed and the stream cannot be sent twice: send the request again, or use Body::from_fn",
            ),
            Error::InvalidRequest(reason) => write!(f, "the request cannot be sent: {reason}"),
            Error::Status { status, url, .. } => write!(f, "{url} answered {}", status.as_u16()),
            Error::Decode { status, url, message } => write!(f, "{url} answered {}, but {message}", status.as_u16()),
        }
    }
}

impl std::error::Error for Error {}

/// The engine boxes its errors: moving a pointer through results takes less code.
impl From<Box<Error>> for Error {
    fn from(boxed: Box<Error>) -> Error {
        *boxed
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignOutReason {
    /// This client called `sign_out`.
    ByUser,
    /// Another tab signed out.
    OtherTab,
    /// The server rejected the refresh token.
    Rejected,
    /// The access token expired or was refused, and there was no refresh token.
    Expired,
    /// The key that the tokens are bound to is lost, such as after the site's data was cleared in part. Only with DPoP (RFC 9449).
    KeyLost,
    /// There was no session to renew. Only an explicit refresh reports this; no event does.
    NeverSignedIn,
}

impl SignOutReason {
    const STORED: [SignOutReason; 5] =
        [SignOutReason::ByUser, SignOutReason::OtherTab, SignOutReason::Rejected, SignOutReason::Expired, SignOutReason::KeyLost];

    /// The name in the stored record.
    pub(crate) fn name(self) -> &'static str {
        match self {
            SignOutReason::ByUser => "ByUser",
            SignOutReason::OtherTab => "OtherTab",
            SignOutReason::Rejected => "Rejected",
            SignOutReason::Expired => "Expired",
            SignOutReason::KeyLost => "KeyLost",
            SignOutReason::NeverSignedIn => "NeverSignedIn",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<SignOutReason> {
        SignOutReason::STORED.into_iter().find(|reason| reason.name() == name)
    }
}
