//! How long to leave a failing server in peace: exponential, with full jitter, and as long as it asks for.

use crate::{clock::parse_date, error::Error, platform::Platform};
use std::{cell::Cell, rc::Rc, time::Duration};

const FIRST_STEP: Duration = Duration::from_secs(1);
const LAST_STEP: Duration = Duration::from_secs(60);
/// Jitter may draw nearly nothing; a step is a step all the same.
const SHORTEST: Duration = Duration::from_millis(100);
/// A `Retry-After` of a year is a mistake, not a wish.
const LONGEST_WISH: Duration = Duration::from_secs(3_600);

pub(crate) struct Backoff {
    platform: Rc<dyn Platform>,
    failures: Cell<u32>,
    /// On the monotonic clock, in milliseconds.
    not_before: Cell<f64>,
    /// Whether the server asked for this pause itself.
    wished: Cell<bool>,
}

impl Backoff {
    pub(crate) fn new(platform: Rc<dyn Platform>) -> Backoff {
        Backoff { platform, failures: Cell::new(0), not_before: Cell::new(f64::MIN), wished: Cell::new(false) }
    }

    /// How much of the pause is left, in whole milliseconds: who sleeps for what is left of one would be up again too early.
    pub(crate) fn pause(&self) -> Option<Duration> {
        let left = self.not_before.get() - self.platform.monotonic();
        (left > 0.0).then(|| Duration::from_millis(left.ceil() as u64))
    }

    /// The server failed, or could not be reached: pauses, and tells the waiters for how long.
    pub(crate) fn failed(&self, wish: Option<Duration>) -> Error {
        let step = LAST_STEP.min(FIRST_STEP * 2_u32.saturating_pow(self.failures.get().min(16)));
        let jitter = step.mul_f64(self.platform.random()).max(SHORTEST);
        let retry_after = wish.map_or(jitter, |wish| wish.clamp(SHORTEST, LONGEST_WISH));
        self.failures.set(self.failures.get().saturating_add(1));
        self.wished.set(wish.is_some());
        self.not_before.set(self.platform.monotonic() + retry_after.as_secs_f64() * 1_000.0);
        Error::Unavailable { retry_after }
    }

    /// The server gave a verdict.
    pub(crate) fn over(&self) {
        self.failures.set(0);
        self.not_before.set(f64::MIN);
    }

    /// The network is back, or the device awake: the pause is pointless, unless the server asked for it.
    pub(crate) fn cut_short(&self) {
        if !self.wished.get() {
            self.not_before.set(f64::MIN);
        }
    }
}

/// Reads a `Retry-After` (RFC 9110 §10.2.3): seconds, or a date, which counts from the answer's own, in milliseconds since 1970.
pub(crate) fn retry_after(value: &str, now: Option<f64>) -> Option<Duration> {
    let seconds = value.trim().parse().ok().map(Duration::from_secs);
    seconds.or_else(|| Some(Duration::from_millis((parse_date(value)? - now?) as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_seconds_or_a_date_by_the_servers_clock() {
        let now = parse_date("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(retry_after(" 120 ", None), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:51:37 GMT", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:51:37 GMT", None), None);
        assert_eq!(retry_after("soon", now), None);
    }
}
