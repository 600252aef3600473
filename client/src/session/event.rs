//! What happens in a session, as typed events without secrets.

use crate::{
    error::{Error, SignOutReason},
    http::{Request, Response},
    tokens::User,
    warning::Warning,
};
use std::time::Duration;

/// Something that happened; see [`Session::on_event`](crate::Session::on_event).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A user signed in.
    SignedIn {
        /// The user, if the token names one.
        user: Option<User>,
        /// Whether it happened in another tab.
        other_tab: bool,
    },
    /// The session ended.
    SignedOut {
        /// Why the session ended.
        reason: SignOutReason,
    },
    /// A refresh brought tokens that name the user differently, such as after a change of the name.
    UserChanged {
        /// The user as named now.
        user: Option<User>,
    },
    /// A request was sent.
    Sent {
        /// The request's number, unique in its client.
        request: u64,
        /// The method.
        method: String,
        /// The path, without query.
        path: String,
        /// Whether it is the second sending, after a refresh.
        replay: bool,
    },
    /// A response head arrived. A refused access token shows as a 401.
    Answered {
        /// The request's number.
        request: u64,
        /// The HTTP status.
        status: u16,
        /// Whether it answers the second sending.
        replay: bool,
    },
    /// A request's token was refused: it needs a newer one.
    Waiting {
        /// The request's number.
        request: u64,
    },
    /// A request is done.
    Settled {
        /// The request's number.
        request: u64,
        /// What the caller received.
        outcome: Outcome,
    },
    /// The shared refresh began.
    RefreshStarted {
        /// What started the refresh.
        trigger: RefreshTrigger,
    },
    /// The shared refresh ended.
    RefreshEnded {
        /// How the refresh ended.
        result: RefreshResult,
    },
    /// Newer tokens of another tab were adopted.
    Adopted,
    /// Something needs attention; the session goes on. A warning is reported once while it lasts, and to each new subscriber.
    Warning(Warning),
}

/// An [`Event`] with its time.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedEvent {
    /// Milliseconds by the page's monotonic clock (`performance.now()`).
    pub at: f64,
    /// The event.
    pub event: Event,
}

/// What the caller of a request received.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// A response with this status.
    Answered(u16),
    /// An error.
    Failed(Error),
}

/// Why a refresh began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshTrigger {
    /// A request was answered 401.
    Unauthorized,
    /// The access token has expired or soon will.
    Due,
    /// [`Session::refresh`](crate::Session::refresh) was called.
    Manual,
}

/// How a refresh ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RefreshResult {
    /// The server granted new tokens.
    Granted,
    /// Another tab was faster; its tokens were adopted.
    Adopted,
    /// The server rejected the refresh token.
    Rejected,
    /// No verdict; the session is kept.
    Unavailable {
        /// When the next attempt is allowed.
        retry_after: Duration,
        /// Why the answer, or its absence, is not a verdict.
        reason: String,
    },
    /// The session ended or changed during the refresh; the response was discarded.
    Discarded,
}

/// The borrowed form of an [`Event`]. Only a program with a listener converts it, so that other programs do not contain that code.
pub(crate) enum Fact<'a> {
    SignedIn { user: &'a Option<User>, other_tab: bool },
    SignedOut(SignOutReason),
    UserChanged(&'a Option<User>),
    Sent { request: u64, sent: &'a Request, path: &'a str, replay: bool },
    Answered { request: u64, response: &'a Response, replay: bool },
    Waiting { request: u64 },
    Settled { request: u64, result: &'a Result<Response, Box<Error>> },
    RefreshStarted(RefreshTrigger),
    RefreshEnded(&'a RefreshResult),
    Adopted,
    Warning(&'a Warning),
}

impl Fact<'_> {
    /// Whether it is about the session, and not about a request or the beginning of a refresh.
    #[cfg(feature = "leptos")]
    pub(crate) fn is_of_session(&self) -> bool {
        !matches!(self, Fact::Sent { .. } | Fact::Answered { .. } | Fact::Waiting { .. } | Fact::Settled { .. } | Fact::RefreshStarted(_))
    }

    pub(crate) fn event(&self) -> Event {
        match *self {
            Fact::SignedIn { user, other_tab } => Event::SignedIn { user: user.clone(), other_tab },
            Fact::SignedOut(reason) => Event::SignedOut { reason },
            Fact::UserChanged(user) => Event::UserChanged { user: user.clone() },
            Fact::Sent { request, sent, path, replay } => {
                Event::Sent { request, method: sent.method().to_string(), path: path.to_owned(), replay }
            }
            Fact::Answered { request, response, replay } => Event::Answered { request, status: response.status().as_u16(), replay },
            Fact::Waiting { request } => Event::Waiting { request },
            Fact::Settled { request, result } => Event::Settled {
                request,
                outcome: match result {
                    Ok(response) => Outcome::Answered(response.status().as_u16()),
                    Err(error) => Outcome::Failed(Error::clone(error)),
                },
            },
            Fact::RefreshStarted(trigger) => Event::RefreshStarted { trigger },
            Fact::RefreshEnded(result) => Event::RefreshEnded { result: result.clone() },
            Fact::Adopted => Event::Adopted,
            Fact::Warning(warning) => Event::Warning(warning.clone()),
        }
    }
}
