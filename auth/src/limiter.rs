//! GCRA rate limiter with bounded memory (ASVS 6.3.1); attempts can be refunded.
//!
//! Each key has one number, the theoretical arrival time: the moment at which its whole burst is available again. When the table is
//! full, the entries with the earliest times are dropped, so that attempts for many keys do not reset a key that is over its limit.

use crate::clock::{Millis, millis};
use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The largest number of entries; each takes about thirty bytes.
const MAX_ENTRIES: usize = 100_000;

/// The longest period of a rate.
const MAX_PERIOD: Duration = Duration::from_secs(1000 * 24 * 3600);

/// A number of attempts in a period, such as `10/5m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many attempts are allowed at once.
    pub burst: u32,
    /// The period in which a used-up burst is available again.
    pub period: Duration,
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write it as ATTEMPTS/TIME, such as 10/5m";
        let (burst, period) = text.split_once('/').ok_or(FORM)?;
        let rate = Self { burst: burst.parse().map_err(|_| FORM)?, period: humantime::parse_duration(period).map_err(|_| FORM)? };
        rate.check().map(|()| rate)
    }
}

impl Rate {
    /// Whether it can be counted.
    ///
    /// # Errors
    /// It cannot; the text says what is wrong.
    pub(crate) fn check(self) -> Result<(), &'static str> {
        if self.burst == 0 || millis(self.period) < i64::from(self.burst) || self.period > MAX_PERIOD {
            return Err("allow at least one attempt, at least a millisecond for each, and a period of at most 1000 days");
        }
        Ok(())
    }

    /// A fifth of the attempts in the same period, at least one.
    pub(crate) fn fifth(self) -> Self {
        Self { burst: (self.burst / 5).max(1), ..self }
    }
}

/// A rate limiter over keys of one kind.
pub(crate) struct Limiter {
    period: Millis,
    emission_interval: Millis,
    arrival_times: Mutex<HashMap<u64, Millis>>,
    hasher: RandomState,
}

impl Limiter {
    /// A limiter of this rate for each key.
    pub(crate) fn new(rate: Rate) -> Self {
        let period = millis(rate.period);
        let emission_interval = (period / i64::from(rate.burst)).max(1);
        Self { period, emission_interval, arrival_times: Mutex::default(), hasher: RandomState::new() }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// The key is over its limit; the error is the time until an attempt is allowed again.
    pub(crate) fn take(&self, key: impl Hash, now: Millis) -> Result<(), Duration> {
        let key = self.hasher.hash_one(key);
        let mut arrival_times = self.arrival_times.lock().unwrap_or_else(PoisonError::into_inner);
        if arrival_times.len() >= MAX_ENTRIES && !arrival_times.contains_key(&key) {
            make_room(&mut arrival_times, now);
        }
        let arrival = arrival_times.entry(key).or_insert(now);
        // An entry later than a full period was made before the clock stepped back: it counts as none.
        let before = if *arrival > now + self.period { now } else { (*arrival).max(now) };
        let after = before + self.emission_interval;
        let wait = after - now - self.period;
        if wait > 0 {
            return Err(Duration::from_millis(wait.unsigned_abs()));
        }
        *arrival = after;
        Ok(())
    }

    /// Refunds an attempt.
    pub(crate) fn refund(&self, key: impl Hash) {
        let mut arrival_times = self.arrival_times.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = arrival_times.get_mut(&self.hasher.hash_one(key)) {
            *arrival -= self.emission_interval;
        }
    }
}

fn make_room(arrival_times: &mut HashMap<u64, Millis>, now: Millis) {
    arrival_times.retain(|_, at| *at > now);
    if arrival_times.len() >= MAX_ENTRIES {
        let mut times: Vec<_> = arrival_times.values().copied().collect();
        let (_, median, _) = times.select_nth_unstable(MAX_ENTRIES / 2);
        let median = *median;
        arrival_times.retain(|_, at| *at > median);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn limiter() -> Limiter {
        Limiter::new("10/5m".parse().unwrap())
    }

    #[test]
    fn case_17_attempts_are_limited_and_become_available_again() {
        let limiter = limiter();
        for _ in 0..10 {
            limiter.take("ada", 0).unwrap();
        }
        assert_eq!(limiter.take("ada", 0), Err(Duration::from_secs(30)));
        limiter.take("bob", 0).unwrap();
        assert!(limiter.take("ada", 29_999).is_err());
        limiter.take("ada", 30_000).unwrap();
        assert!(limiter.take("ada", 30_000).is_err());
        limiter.refund("ada");
        limiter.take("ada", 30_000).unwrap();
    }

    #[test]
    fn case_28_a_clock_that_steps_back_blocks_nothing() {
        let limiter = limiter();
        let hour = 3_600_000;
        for _ in 0..10 {
            limiter.take("ada", hour).unwrap();
        }
        limiter.take("ada", 0).unwrap();
    }

    #[test]
    fn case_17_memory_is_bounded_and_a_limited_key_is_kept() {
        let limiter = limiter();
        for _ in 0..10 {
            limiter.take("ada", 0).unwrap();
        }
        for n in 0..3 * MAX_ENTRIES {
            limiter.take(n, 0).unwrap();
        }
        assert!(limiter.arrival_times.lock().unwrap().len() <= MAX_ENTRIES);
        assert!(limiter.take("ada", 0).is_err());
    }

    #[test]
    fn a_rate_is_attempts_in_a_period() {
        assert_eq!("10/5m".parse(), Ok(Rate { burst: 10, period: Duration::from_secs(300) }));
        for bad in ["", "10", "0/5m", "10/0s", "x/5m", "10/x", "-1/5m", "1/1001d", "1/100000000000y"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
