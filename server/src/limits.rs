//! How often somebody may guess: a bucket per name and per address, in bounded memory (ASVS 6.3.1).
//!
//! Each try takes a drop; a right answer gives it back. Kept as the one number of the generic cell rate algorithm: when the bucket
//! would be full again. When memory is full, the fullest buckets go: who hammers one name cannot make us forget it by trying others.

use crate::clock::{Millis, millis};
use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How many buckets are kept; each takes about thirty bytes.
const MOST: usize = 100_000;

/// In which time a bucket must be full again.
const LONGEST: Duration = Duration::from_secs(1000 * 24 * 3600);

/// So many tries in such a time, such as `10/5m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many tries a full bucket has.
    pub tries: u32,
    /// In which time an empty one fills.
    pub time: Duration,
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write it as TRIES/TIME, such as 10/5m";
        let (tries, time) = text.split_once('/').ok_or(FORM)?;
        let rate = Self { tries: tries.parse().map_err(|_| FORM)?, time: humantime::parse_duration(time).map_err(|_| FORM)? };
        if rate.tries == 0 || millis(rate.time) < i64::from(rate.tries) || rate.time > LONGEST {
            Err("at least one try, at least a millisecond for each, and not more than 1000 days")
        } else {
            Ok(rate)
        }
    }
}

impl Rate {
    /// A fifth of it, at least one try. Who has a thousand networks has a thousand times that.
    #[must_use]
    pub fn few(self) -> Self {
        Self { tries: (self.tries / 5).max(1), ..self }
    }
}

/// The buckets of one kind.
pub struct Limiter {
    whole: Millis,
    drop: Millis,
    full_at: Mutex<HashMap<u64, Millis>>,
    hasher: RandomState,
}

impl Limiter {
    /// Full buckets of this rate.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let whole = millis(rate.time);
        Self { whole, drop: whole / i64::from(rate.tries), full_at: Mutex::default(), hasher: RandomState::new() }
    }

    /// Takes a drop.
    ///
    /// # Errors
    /// The bucket is empty; the error says when it has a drop again.
    pub fn take(&self, key: impl Hash, now: Millis) -> Result<(), Duration> {
        let key = self.hasher.hash_one(key);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MOST && !full_at.contains_key(&key) {
            make_room(&mut full_at, now);
        }
        let bucket = full_at.entry(key).or_insert(now);
        // A clock that jumped back does not lock anybody out for longer than an empty bucket would.
        let after = (*bucket).clamp(now, now + self.whole) + self.drop;
        let wait = after - now - self.whole;
        if wait > 0 {
            return Err(Duration::from_millis(wait.unsigned_abs()));
        }
        *bucket = after;
        Ok(())
    }

    /// Gives a drop back.
    pub fn give_back(&self, key: impl Hash) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = full_at.get_mut(&self.hasher.hash_one(key)) {
            *bucket -= self.drop;
        }
    }
}

fn make_room(full_at: &mut HashMap<u64, Millis>, now: Millis) {
    full_at.retain(|_, at| *at > now);
    if full_at.len() >= MOST {
        let mut times: Vec<_> = full_at.values().copied().collect();
        let (_, median, _) = times.select_nth_unstable(MOST / 2);
        let median = *median;
        full_at.retain(|_, at| *at > median);
    }
}

/// What is limited.
pub struct Limits {
    /// Passwords tried for a name.
    pub names: Limiter,
    /// Passwords tried for a name from one network, when others have used up the name's own.
    pub elsewhere: Limiter,
    /// Wrong passwords and new accounts from an address.
    pub addresses: Limiter,
}

/// The part of an address that one caller has: all of an IPv4 address, a /64 of IPv6.
#[must_use]
pub fn neighbourhood(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
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
    fn case_17_a_bucket_empties_and_fills() {
        let limiter = limiter();
        for _ in 0..10 {
            limiter.take("ada", 0).unwrap();
        }
        assert_eq!(limiter.take("ada", 0), Err(Duration::from_secs(30)));
        limiter.take("bob", 0).unwrap();
        assert!(limiter.take("ada", 29_999).is_err());
        limiter.take("ada", 30_000).unwrap();
        assert!(limiter.take("ada", 30_000).is_err());
        limiter.give_back("ada");
        limiter.take("ada", 30_000).unwrap();
    }

    #[test]
    fn case_17_a_clock_that_jumps_back_locks_nobody_out_for_longer() {
        let limiter = limiter();
        let hour = 3_600_000;
        for _ in 0..10 {
            limiter.take("ada", hour).unwrap();
        }
        assert_eq!(limiter.take("ada", 0), Err(Duration::from_secs(30)));
    }

    #[test]
    fn case_17_memory_is_bounded_and_the_hammered_name_is_not_forgotten() {
        let limiter = limiter();
        for _ in 0..10 {
            limiter.take("ada", 0).unwrap();
        }
        for n in 0..3 * MOST {
            limiter.take(n, 0).unwrap();
        }
        assert!(limiter.full_at.lock().unwrap().len() <= MOST);
        assert!(limiter.take("ada", 0).is_err());
    }

    #[test]
    fn a_rate_is_tries_in_a_time() {
        assert_eq!("10/5m".parse(), Ok(Rate { tries: 10, time: Duration::from_secs(300) }));
        for bad in ["", "10", "0/5m", "10/0s", "x/5m", "10/x", "-1/5m", "1/1001d", "1/100000000000y"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn one_caller_has_a_whole_ipv6_network() {
        let near = |ip: &str| neighbourhood(ip.parse().unwrap()).to_string();
        assert_eq!(near("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(near("203.0.113.9"), "203.0.113.9");
    }
}
