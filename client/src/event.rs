//! What happened, for people and tools: typed, and without a secret in it.

use crate::{error::Error, tokens::User};
use std::time::Duration;

/// One thing that happened in a session. Hear of them by [`Session::on_event`](crate::Session::on_event).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Somebody is signed in.
    SignedIn {
        /// Who, as far as the token tells.
        user: Option<User>,
        /// Whether another tab did it.
        elsewhere: bool,
    },
    /// The session ended.
    SignedOut {
        /// Why.
        reason: Reason,
    },
    /// A request went out.
    Sent {
        /// The request's number, unique in this page.
        request: u64,
        /// Its method.
        method: String,
        /// Its path, without the query.
        path: String,
        /// Whether this is the second sending, after a refresh.
        replay: bool,
    },
    /// An answer came in. A refused access token shows here as a 401.
    Answered {
        /// The request's number.
        request: u64,
        /// The HTTP status.
        status: u16,
        /// Whether it answers the second sending.
        replay: bool,
    },
    /// A request waits for the one refresh.
    Waiting {
        /// The request's number.
        request: u64,
    },
    /// The caller has his result.
    Settled {
        /// The request's number.
        request: u64,
        /// What it is.
        outcome: Outcome,
    },
    /// The one refresh began.
    RefreshStarted {
        /// Why.
        cause: Cause,
    },
    /// The one refresh ended.
    RefreshEnded {
        /// How.
        outcome: RefreshOutcome,
    },
    /// Another tab brought new tokens; they are ours now.
    Adopted,
    /// Something is not as it should be; the session goes on.
    Warning(Warning),
}

/// An [`Event`] and when it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Noted {
    /// Milliseconds on the page's monotonic clock (`performance.now()`).
    pub at: f64,
    /// What happened.
    pub event: Event,
}

/// What a request came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// An answer with this status went to the caller.
    Answered(u16),
    /// An error went to the caller.
    Failed(Error),
}

/// Why a refresh began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A request was refused with a 401.
    Unauthorized,
    /// The access token has run out, or is about to.
    Due,
    /// The program asked for it.
    Asked,
}

/// How a refresh ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RefreshOutcome {
    /// New tokens came.
    Granted,
    /// Another tab had been faster; its tokens were taken.
    Adopted,
    /// The server refused the refresh token for good.
    Rejected,
    /// No verdict: the session is kept, and it is tried again later.
    Unavailable {
        /// After this long, at the earliest.
        retry_after: Duration,
    },
    /// The session it began in ended meanwhile; its answer counts for nothing.
    Superseded,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// `sign_out` was called, here.
    ByUser,
    /// Another tab signed out.
    Elsewhere,
    /// The server refused the refresh token.
    Rejected,
    /// The access token ran out, and there was nothing to renew it with.
    Expired,
    /// There was no session that could end. No event says so; a refresh does that is asked for.
    NeverSignedIn,
}

impl Reason {
    const ALL: [Reason; 4] = [Reason::ByUser, Reason::Elsewhere, Reason::Rejected, Reason::Expired];

    /// How the store's record calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Reason::ByUser => "ByUser",
            Reason::Elsewhere => "Elsewhere",
            Reason::Rejected => "Rejected",
            Reason::Expired => "Expired",
            // What did not begin has no record of its end.
            Reason::NeverSignedIn => "NeverSignedIn",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// What is not as it should be; told once each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The store cannot be read: the session lives in this page's memory alone.
    StoreDenied,
    /// The store cannot be written: the session lives in this page's memory alone.
    StoreFull,
    /// Somebody emptied the store: the session goes on in this page's memory.
    StoreCleared,
    /// The record in the store makes no sense; the next sign-in replaces it.
    StoreUnreadable,
    /// The record was written by a later version of this library, and is left alone.
    StoreOfLaterVersion,
}
