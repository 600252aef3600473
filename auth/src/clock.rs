//! The clock of the rules, which tests can move.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// The system clock, moved by an offset that is zero outside of tests.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// The current time. A system clock before 1970 counts as 1970.
    #[must_use]
    pub fn now(&self) -> Millis {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis);
        system.saturating_add(self.offset.load(Ordering::Relaxed))
    }

    /// Moves this clock and its clones forward or back.
    pub fn shift(&self, by: Millis) {
        self.offset.fetch_add(by, Ordering::Relaxed);
    }
}

/// A duration in milliseconds, saturating.
#[must_use]
pub fn millis(time: Duration) -> Millis {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A time as RFC 3339 in UTC, to the second.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    let moment = UNIX_EPOCH + Duration::from_millis(u64::try_from(at).unwrap_or(0).min(253_402_300_799_000));
    humantime::format_rfc3339_seconds(moment).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_28_times_after_2038_and_out_of_range_are_formatted() {
        assert_eq!(rfc3339(4_102_444_800_000), "2100-01-01T00:00:00Z");
        assert_eq!(rfc3339(-1), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(i64::MAX), "9999-12-31T23:59:59Z");
    }
}
