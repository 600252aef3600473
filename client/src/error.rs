//! What can go wrong, told by what the caller can do about it.

use crate::event::Reason;
use std::{fmt, time::Duration};

/// Why a request, or a refresh, brought no answer.
///
/// Small and `Clone`, since everybody who waits for one refresh gets the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The session is over: show the sign-in page.
    SignedOut(Reason),
    /// Somebody else is signed in by now; the request was begun as another and was not sent again.
    SessionChanged,
    /// The session cannot be renewed just now, and is kept: try again later.
    Unavailable {
        /// How long to wait at least.
        retry_after: Duration,
    },
    /// The deadline of whoever asked passed; nothing else is affected.
    Timeout,
    /// The request did not reach the server, or its answer did not come back.
    Network(String),
    /// The body can be sent only once: hand in a way to make it again, see [`Body::made_by`](crate::Body::made_by).
    NotReplayable,
    /// The request cannot be built: a URL, a header or a body that makes no sense.
    Invalid(String),
    /// The answer's body could not be read as what was asked for.
    Body(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::SignedOut(_) => f.write_str("the session is over: sign in again"),
            Error::SessionChanged => f.write_str("somebody else is signed in by now: the request was not sent again"),
            Error::Unavailable { retry_after } => {
                let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                write!(f, "the session cannot be renewed just now: try again in {seconds} s")
            }
            Error::Timeout => f.write_str("the request took longer than its deadline"),
            Error::Network(why) => write!(f, "the server could not be reached: {why}"),
            Error::NotReplayable => f.write_str("the body can be sent only once: use Body::made_by"),
            Error::Invalid(why) => write!(f, "the request cannot be sent: {why}"),
            Error::Body(why) => write!(f, "the answer could not be read: {why}"),
        }
    }
}

impl std::error::Error for Error {}
