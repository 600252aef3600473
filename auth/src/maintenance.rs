//! Background work, each minute: deletes old rows and records the refused sign-ins that were counted.

use crate::{
    clock::{Millis, millis},
    error::Error,
    inner::Inner,
};
use std::{
    sync::Weak,
    time::{Duration, Instant},
};
use tokio::time::sleep;
use tracing::{info, warn};

const INTERVAL: Duration = Duration::from_secs(60);
/// How long ended sessions are kept, for the analysis of incidents.
const RETENTION: Millis = 24 * 3600 * 1000;
/// How many rows of each kind one statement deletes, so that other writers don't wait long.
const BATCH: u64 = 500;
/// A system clock that moved by more than this in addition to the elapsed time has jumped.
const MAX_DRIFT: Millis = 5 * 60 * 1000;
/// How long after the start and after a jump of the system clock nothing is deleted.
const STEADY_TIME: Duration = Duration::from_secs(3600);
/// How long after the start and after a jump of the system clock nothing is deleted if most sessions seem to have expired: time to notice a
/// wrong clock or a mistyped lifetime.
const STEADY_TIME_FOR_MOST: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn start(auth: Weak<Inner>) {
    tokio::spawn(async move {
        let Some(mut stability) = auth.upgrade().map(|auth| ClockStability::new(auth.options.clock.now(), Instant::now())) else { return };
        loop {
            sleep(INTERVAL).await;
            let Some(auth) = auth.upgrade() else { return };
            if let Err(error) = auth.accounts.flush_refusals().await {
                warn!(?error, "refused sign-ins could not be recorded");
            }
            if let Err(error) = purge_if_clock_is_stable(&auth, stability.steady_for(auth.options.clock.now(), Instant::now())).await {
                warn!(?error, "old rows could not be deleted");
            }
        }
    });
}

/// Deletes all old rows if the system clock has been steady for this long. Returns their number.
pub(crate) async fn purge_if_clock_is_stable(auth: &Inner, steady: Duration) -> Result<u64, Error> {
    if steady < STEADY_TIME {
        return Ok(0);
    }
    if steady < STEADY_TIME_FOR_MOST && auth.store.are_most_sessions_from_before(oldest_start(auth)).await? {
        if (steady - STEADY_TIME).as_secs() % STEADY_TIME.as_secs() < INTERVAL.as_secs() {
            warn!(
                "most sessions seem to have expired: nothing is deleted until the clock has been steady for a day. Are the clock and --session-ttl right?"
            );
        }
        return Ok(0);
    }
    purge(auth).await
}

/// Sessions that were started before this time have expired, and are not kept any longer.
fn oldest_start(auth: &Inner) -> Millis {
    auth.options.clock.now().saturating_sub(RETENTION).saturating_sub(millis(auth.options.policy.session_ttl))
}

/// Deletes all old rows, in batches. Returns their number.
pub(crate) async fn purge(auth: &Inner) -> Result<u64, Error> {
    let now = auth.options.clock.now();
    let mut total = 0;
    loop {
        let deleted = auth
            .store
            .purge(now.saturating_sub(RETENTION), oldest_start(auth), now.saturating_sub(millis(auth.options.audit_ttl)), BATCH)
            .await?;
        if deleted == 0 {
            return Ok(total);
        }
        total += deleted;
        info!(rows = deleted, "deleted old rows");
    }
}

/// For how long the system clock has been steady. A clock that is a month ahead for a minute would delete every session.
struct ClockStability {
    system_time: Millis,
    monotonic: Instant,
    steady_since: Instant,
}

impl ClockStability {
    fn new(system_time: Millis, monotonic: Instant) -> Self {
        Self { system_time, monotonic, steady_since: monotonic }
    }

    fn steady_for(&mut self, system_time: Millis, monotonic: Instant) -> Duration {
        let drift = system_time.saturating_sub(self.system_time).saturating_sub(millis(monotonic.duration_since(self.monotonic)));
        (self.system_time, self.monotonic) = (system_time, monotonic);
        if drift.saturating_abs() > MAX_DRIFT {
            warn!(drift_ms = drift, "the system clock jumped: no rows are deleted for an hour");
            self.steady_since = monotonic;
        }
        monotonic.duration_since(self.steady_since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_57_nothing_is_deleted_for_an_hour_after_the_clock_jumped() {
        let (start, minute, month) = (Instant::now(), 60_000, 30 * 24 * 3600 * 1000);
        let mut stability = ClockStability::new(0, start);
        let mut tick = |count: u32, offset: Millis| {
            stability.steady_for(Millis::from(count) * minute + offset, start + INTERVAL * count) >= STEADY_TIME
        };
        let results: Vec<_> = (1..=60).map(|count| tick(count, 0)).collect();
        assert_eq!(results.iter().position(|steady| *steady), Some(59), "an hour after the start");
        assert!(!tick(61, month), "the clock is a month ahead");
        assert!(!tick(62, 0), "and back");
        assert!(!tick(121, 0));
        assert!(tick(122, 0), "an hour after the last jump");
    }
}
