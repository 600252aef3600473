//! Switches off one rule of the engine, so that a test can show that the simulator reports a violation. Without the feature `__rules`, which
//! is not for applications, the switches have no effect.

use std::cell::Cell;

/// A rule of the engine; the first twelve are numbered as in `docs/architecture.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Rule {
    SingleFlight = 1,
    CompareBeforeRefresh = 2,
    OneReplay = 3,
    RejectedIsNotUnreachable = 4,
    IndependentWaiters = 5,
    RefreshBelongsToSession = 6,
    CrossTabLock = 7,
    ServerTime = 8,
    RefreshAhead = 9,
    AllowedOrigins = 10,
    StorageMayFail = 11,
    ReplaySameBody = 12,
    ProofNamesToken,
    NonceIsKept,
    NonceIsNoRefusal,
    LostKeyEndsSession,
    TabsShareKey,
}

/// The rules of every client.
pub const ALL: [Rule; 12] = [
    Rule::SingleFlight,
    Rule::CompareBeforeRefresh,
    Rule::OneReplay,
    Rule::RejectedIsNotUnreachable,
    Rule::IndependentWaiters,
    Rule::RefreshBelongsToSession,
    Rule::CrossTabLock,
    Rule::ServerTime,
    Rule::RefreshAhead,
    Rule::AllowedOrigins,
    Rule::StorageMayFail,
    Rule::ReplaySameBody,
];

/// The rules of a client with DPoP (RFC 9449).
pub const DPOP: [Rule; 5] =
    [Rule::ProofNamesToken, Rule::NonceIsKept, Rule::NonceIsNoRefusal, Rule::LostKeyEndsSession, Rule::TabsShareKey];

thread_local! {
    static BROKEN: Cell<Option<Rule>> = const { Cell::new(None) };
}

/// Breaks this rule in this thread; `None` restores all rules.
pub fn break_rule(rule: Option<Rule>) {
    BROKEN.set(rule);
}

/// The rule that is broken in this thread.
#[must_use]
pub fn broken_rule() -> Option<Rule> {
    BROKEN.get()
}

/// Whether this rule is switched off in this thread; never without the feature.
pub(crate) fn is_broken(rule: Rule) -> bool {
    cfg!(feature = "__rules") && broken_rule() == Some(rule)
}
