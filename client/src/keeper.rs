//! Keeps the token of a visible page fresh in the background, so that no request has to wait for it.
//!
//! There is no loop to get stuck: each change of the session makes a new plan, the newest plan counts, and a plan that was carried
//! out makes the next. A timer may be late by any time, or early; what is due is decided when it fires.

use crate::{event::Cause, session::Session, tokens::Left};
use std::{rc::Rc, time::Duration};

/// Browsers count timers in 32 bits of milliseconds: a token of 40 days would overflow one and be "due" at once.
const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);
/// Tokens that live shorter than this are left to the requests.
const SHORTEST_SLEEP: Duration = Duration::from_secs(1);

/// Plans the next renewal, in place of whatever was planned.
pub(crate) fn plan(session: &Session) {
    let plan = session.0.plan.get() + 1;
    session.0.plan.set(plan);
    let Some(wait) = session.0.settings.background.then(|| until_due(session)).flatten() else { return };
    let platform = &session.0.transport.platform;
    let sleep = platform.sleep(wait);
    let session = Rc::downgrade(&session.0);
    platform.spawn(Box::pin(async move {
        sleep.await;
        if let Some(inner) = session.upgrade().filter(|inner| inner.plan.get() == plan) {
            keep(&Session(inner)).await;
        }
    }));
}

/// Renews what is due, if somebody looks at the page. When a hidden page is shown again, a new plan is made.
async fn keep(session: &Session) {
    if !session.0.transport.platform.visible() {
        return;
    }
    if let Some(held) = session.current()
        && held.tokens.left(&session.0.transport.clock) != Left::Enough
    {
        // Whatever comes of it is told by events, and shows in the next plan.
        let _ = session.renew(&held, Cause::Due).await;
    }
    plan(session);
}

/// How long until there is something to do; None: nothing.
fn until_due(session: &Session) -> Option<Duration> {
    let held = session.held()?;
    let remaining = held.tokens.remaining(&session.0.transport.clock)?;
    let age = session.0.transport.clock.age(&held.tokens.issued);
    // With nothing to renew it with, what is left to do is to end the session in time.
    let due = if held.tokens.refresh_token.is_some() { remaining.saturating_sub(held.tokens.margin()) } else { remaining };
    let rested = SHORTEST_SLEEP.saturating_sub(age);
    Some(due.max(rested).max(session.0.backoff.pause().unwrap_or_default()).min(LONGEST_SLEEP))
}
