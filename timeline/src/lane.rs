//! The data of a timeline: one lane per request with its phases, refreshes, and markers.

use wugan::{Event, Outcome, RefreshResult, RefreshTrigger, SignOutReason, Warning};

/// A request, from its first sending to its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// The request's id.
    pub request: u64,
    /// Its method; empty if it was never sent.
    pub method: String,
    /// Its path; empty if it was never sent.
    pub path: String,
    /// Its phases, in order.
    pub spans: Vec<Span>,
    /// When it was first answered 401.
    pub refused: Option<f64>,
    /// When the caller got a result, and which; `None` while the request is pending.
    pub settled: Option<(f64, Outcome)>,
}

/// A phase of a request and its times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The phase.
    pub phase: Phase,
    /// When it began.
    pub from: f64,
    /// When it ended; `None` while it lasts.
    pub to: Option<f64>,
}

/// The phases of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Sent for the first time, and not answered yet.
    Sent,
    /// Waiting for the refresh.
    Waiting,
    /// Replayed after a refresh, and not answered yet.
    Replayed,
}

/// A refresh of the tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Refresh {
    /// Why it began.
    pub trigger: RefreshTrigger,
    /// When it began.
    pub from: f64,
    /// When and how it ended; `None` while it lasts.
    pub ended: Option<(f64, RefreshResult)>,
}

/// An event of the session at one moment, drawn across all lanes.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// When it happened.
    pub at: f64,
    /// What happened.
    pub kind: MarkerKind,
}

/// The kind of a [`Marker`].
#[derive(Clone, Debug, PartialEq)]
pub enum MarkerKind {
    /// Another tab's tokens were adopted.
    Adopted,
    /// A user signed in.
    SignedIn {
        /// In another tab.
        other_tab: bool,
    },
    /// A refreshed token names the user differently.
    UserChanged,
    /// The session ended.
    SignedOut(SignOutReason),
    /// The library issued a warning.
    Warning(Warning),
}

impl MarkerKind {
    /// The event behind the marker, without the user.
    #[must_use]
    pub fn event(&self) -> Event {
        match self {
            MarkerKind::Adopted => Event::Adopted,
            MarkerKind::SignedIn { other_tab } => Event::SignedIn { user: None, other_tab: *other_tab },
            MarkerKind::UserChanged => Event::UserChanged { user: None },
            MarkerKind::SignedOut(reason) => Event::SignedOut { reason: *reason },
            MarkerKind::Warning(warning) => Event::Warning(warning.clone()),
        }
    }
}
