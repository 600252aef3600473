//! What time it is, as an argument: the rules never ask the system themselves, so that tests can move time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Milliseconds since 1970 in UTC. Signed and 64 bits wide: 2038 is a year like any other.
pub type Millis = i64;

/// The system's clock, moved by an offset that is zero outside of tests.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// Now, in milliseconds since 1970. A system clock set before 1970 counts as 1970.
    #[must_use]
    pub fn now(&self) -> Millis {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis);
        system.saturating_add(self.offset.load(Ordering::Relaxed))
    }

    /// Moves this clock and all its clones, forth or back.
    pub fn shift(&self, by: Millis) {
        self.offset.fetch_add(by, Ordering::Relaxed);
    }
}

/// A duration in milliseconds; one too long for that is the longest there is.
#[must_use]
pub fn millis(time: Duration) -> Millis {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A moment as RFC 3339 in UTC, to the second.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    let moment = UNIX_EPOCH + Duration::from_millis(u64::try_from(at).unwrap_or(0).min(253_402_300_799_000));
    humantime::format_rfc3339_seconds(moment).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_28_a_moment_after_2038_and_one_out_of_range_are_written() {
        assert_eq!(rfc3339(4_102_444_800_000), "2100-01-01T00:00:00Z");
        assert_eq!(rfc3339(-1), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(i64::MAX), "9999-12-31T23:59:59Z");
    }
}
