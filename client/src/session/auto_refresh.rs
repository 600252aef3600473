//! Renews the token of a visible page in the background, so that requests need not wait for it.
//!
//! There is one timer, which each change of the session replaces. Timers may fire late or early, so when it fires, it is checked again
//! whether a refresh is due.

use crate::{
    session::{Session, event::RefreshTrigger},
    tokens::Freshness,
};
use futures::{
    channel::oneshot,
    future::{Either, select},
};
use std::{rc::Rc, time::Duration};

/// Browsers count timers in 32 bits of milliseconds: a longer one fires at once.
const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);
/// Tokens that live shorter than this are renewed by the requests that need them.
const SHORTEST_SLEEP: Duration = Duration::from_secs(1);

impl Session {
    /// Sets the timer to the next renewal, in place of the present one.
    pub(crate) fn schedule_refresh(&self) {
        let Some(wait) = self.0.settings.auto_refresh.then(|| self.until_due()).flatten() else {
            self.0.timer.take();
            return;
        };
        let (timer, cancelled) = oneshot::channel();
        self.0.timer.replace(Some(timer));
        let sleep = self.0.transport.platform.sleep(wait);
        let weak = Rc::downgrade(&self.0);
        self.0.transport.platform.spawn(Box::pin(async move {
            let fired = matches!(select(sleep, cancelled).await, Either::Left(_));
            if let Some(inner) = weak.upgrade().filter(|_| fired) {
                Session(inner).refresh_if_due().await;
            }
        }));
    }

    async fn refresh_if_due(&self) {
        // When a hidden page is shown again, the timer is set anew.
        if !self.0.transport.platform.visible() {
            return;
        }
        if let Some(held) = self.current()
            && self.freshness(&held) != Freshness::Fresh
        {
            // The outcome is reported by events, and the next timer takes it into account. A listener that panics must not stop this task.
            let _ = self.renewed(&held, RefreshTrigger::Due).await;
        }
        self.schedule_refresh();
    }

    /// How long until there is something to do; `None`: nothing.
    fn until_due(&self) -> Option<Duration> {
        let held = self.held()?;
        let clock = &self.0.transport.clock;
        let remaining = held.tokens.remaining(clock)?;
        let age = clock.age(&held.tokens.issued);
        // A session that cannot be renewed is ended when its access token expires.
        let due = if self.is_renewable(&held) { remaining.saturating_sub(held.tokens.refresh_margin()) } else { remaining };
        let due = due.max(self.min_age_for_early_refresh().saturating_sub(age).min(remaining));
        let pause = self.0.backoff.remaining(&held.exchange_id()).unwrap_or_default();
        Some(due.max(SHORTEST_SLEEP.saturating_sub(age)).max(pause).min(LONGEST_SLEEP))
    }
}
