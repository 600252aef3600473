//! What a record is made of: lanes with their phases, refreshes, marks.

use wugan::{Cause, Event, Outcome, Reason, RefreshOutcome, Warning};

/// One request, from its first sending to what its caller got.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// The request's number.
    pub request: u64,
    /// Its method; empty if it was never sent.
    pub method: String,
    /// Its path; empty if it was never sent.
    pub path: String,
    /// Its phases, in order.
    pub spans: Vec<Span>,
    /// When it was refused with a 401 for the first time.
    pub refused: Option<f64>,
    /// When its caller got what, once he has.
    pub settled: Option<(f64, Outcome)>,
}

/// A stretch of a request's life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// What went on.
    pub phase: Phase,
    /// From when.
    pub from: f64,
    /// Until when; None: it still goes on.
    pub to: Option<f64>,
}

/// What can go on with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is on its way for the first time.
    Sent,
    /// It waits for the refresh.
    Waiting,
    /// It is on its way for the second time.
    Replayed,
}

/// One refresh.
#[derive(Clone, Debug, PartialEq)]
pub struct Refresh {
    /// Why it began.
    pub cause: Cause,
    /// When it began.
    pub from: f64,
    /// When and how it ended, once it has.
    pub ended: Option<(f64, RefreshOutcome)>,
}

/// Something that happened at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// When.
    pub at: f64,
    /// What.
    pub what: What,
}

/// What a [`Mark`] stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Another tab's tokens were taken over.
    Adopted,
    /// Somebody signed in, here or elsewhere.
    SignedIn {
        /// In another tab.
        elsewhere: bool,
    },
    /// The session ended.
    SignedOut(Reason),
    /// Something is not as it should be.
    Warning(Warning),
}

impl What {
    /// The event that it was; who signed in is left out.
    #[must_use]
    pub fn event(&self) -> Event {
        match self {
            What::Adopted => Event::Adopted,
            What::SignedIn { elsewhere } => Event::SignedIn { user: None, elsewhere: *elsewhere },
            What::SignedOut(reason) => Event::SignedOut { reason: *reason },
            What::Warning(warning) => Event::Warning(*warning),
        }
    }
}
