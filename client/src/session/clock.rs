//! Token age, independent of a wrong device clock, sleep and cached responses.
//!
//! A token has a lifetime and the [`Timestamp`] of the response that brought it. Its age is measured by the monotonic clock, by the
//! device's clock (the monotonic one may stop while the device sleeps), and, where these two disagree with it, by the `Date` of a later
//! response from the origin that issued the token. Dates of other origins are not compared: their clocks may differ.

use crate::{
    platform::Host,
    rules::{Rule, is_broken},
};
use std::{cell::Cell, time::Duration};

/// A `Date` has whole seconds, and a response takes time to arrive: below this difference the local clocks are more exact.
const DATE_NOISE_MS: f64 = 3_000.0;

/// A duration in milliseconds that came from a clock, a token or the storage. Negative numbers and NaN become zero, and too large ones the
/// longest duration. `Duration::try_from_secs_f64` would add a kilobyte to the download.
pub(crate) fn milliseconds(count: f64) -> Duration {
    Duration::from_micros((count * 1_000.0) as u64)
}

/// A moment by three clocks, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timestamp {
    /// The device's clock, since 1970.
    pub(crate) device: f64,
    /// The page's monotonic clock. Meaningless in other pages, so it is not stored.
    pub(crate) monotonic: Option<f64>,
    /// The server's clock, since 1970, from its `Date`.
    pub(crate) server: Option<f64>,
    /// By how much the moment may be later than the local clocks say.
    pub(crate) uncertainty: f64,
}

impl Timestamp {
    /// When a response left the server: half-way between sending and receiving. After a slow round trip, which may contain a sleep,
    /// the moment of sending counts, so that no token looks younger than it is.
    pub(crate) fn from_round_trip(sent: Timestamp, received: Timestamp, server: Option<f64>) -> Timestamp {
        let took = sent.until(&received);
        if took > DATE_NOISE_MS {
            return Timestamp { server, uncertainty: took, ..sent };
        }
        let one_way = sent.monotonic_until(&received) / 2.0;
        Timestamp { device: received.device - one_way, monotonic: received.monotonic.map(|at| at - one_way), server, uncertainty: 0.0 }
    }

    /// Whether a duration counted from here equals one measured otherwise, within uncertainty and noise.
    fn is_consistent(&self, counted: f64, measured: f64) -> bool {
        (-DATE_NOISE_MS..=self.uncertainty + DATE_NOISE_MS).contains(&(counted - measured))
    }

    /// Milliseconds to a later moment by the monotonic clock, which never counts more than the true time.
    fn monotonic_until(&self, later: &Timestamp) -> f64 {
        later.monotonic.zip(self.monotonic).map_or(0.0, |(later, earlier)| (later - earlier).max(0.0))
    }

    /// Milliseconds to a later moment by the local clocks. Sleep stops the monotonic clock and a correction sets the device's clock
    /// back; in both cases the larger difference is right.
    fn until(&self, later: &Timestamp) -> f64 {
        (later.device - self.device).max(self.monotonic_until(later))
    }
}

/// This page's clocks, and the latest response that showed the issuer's time.
pub(crate) struct Clock {
    platform: Host,
    observed: Cell<Option<Timestamp>>,
}

impl Clock {
    pub(crate) fn new(platform: Host) -> Clock {
        Clock { platform, observed: Cell::new(None) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp { device: self.platform.now(), monotonic: Some(self.platform.monotonic()), server: None, uncertainty: 0.0 }
    }

    /// Takes the server time of a response that issued tokens.
    pub(crate) fn set_server_time(&self, at: Timestamp) {
        if at.server.is_some() {
            self.observed.set(Some(at));
        }
    }

    /// Takes the server time of any other response of the issuer that cannot come from a cache. The server's clock never goes back,
    /// and a slow response that agrees with what is known is less exact than that.
    pub(crate) fn observe_server_time(&self, at: Timestamp) {
        let Some(server) = at.server else { return };
        if let Some((known, known_server)) = self.observed.get().and_then(|known| Some((known, known.server?))) {
            let is_older = server + DATE_NOISE_MS < known_server + known.monotonic_until(&at);
            let is_less_exact = at.uncertainty > 0.0 && at.is_consistent(server, known_server + known.until(&at));
            if is_older || is_less_exact {
                return;
            }
        }
        self.observed.set(Some(at));
    }

    /// The issuer's time in milliseconds since 1970, if a response has shown it. By the device's clock, so that it takes little code.
    #[cfg(feature = "oidc")]
    pub(crate) fn server_time(&self) -> Option<f64> {
        let observed = self.observed.get()?;
        Some(observed.server? - observed.device + self.platform.now())
    }

    /// A server's time in milliseconds since 1970, counted from a moment or else from what is known of the issuer; else the device's.
    #[cfg(feature = "dpop")]
    pub(crate) fn server_now(&self, from: Option<Timestamp>) -> f64 {
        let now = self.now();
        let by_server = |observed: Timestamp| Some(observed.server? + observed.until(&now));
        from.or(self.observed.get()).and_then(by_server).unwrap_or(now.device)
    }

    /// How long ago a moment was: never less than by the monotonic clock.
    pub(crate) fn age(&self, of: &Timestamp) -> Duration {
        let now = self.now();
        if is_broken(Rule::ServerTime) {
            return milliseconds(now.device - of.device);
        }
        let local = of.until(&now);
        // An observation from before the moment says nothing about it.
        let by_server = |observed: Timestamp| {
            let between = observed.server? - of.server?;
            let age = (between >= 0.0).then(|| between + observed.until(&now))?;
            (age >= 0.0 && !observed.is_consistent(age, local)).then_some(age)
        };
        let age = self.observed.get().and_then(by_server).unwrap_or(local).max(of.monotonic_until(&now)).max(0.0);
        milliseconds(age)
    }
}

/// A number of decimal digits only. The parser of the standard library adds a third of a kilobyte to the download.
pub(crate) fn parse_digits(text: &[u8]) -> Option<f64> {
    let add = |number: f64, digit: &u8| digit.is_ascii_digit().then(|| number * 10.0 + f64::from(digit - b'0'));
    (!text.is_empty()).then(|| text.iter().try_fold(0.0, add)).flatten()
}

/// Reads an HTTP `Date` (RFC 9110 §5.6.7, the form that servers must send) as milliseconds since 1970.
///
/// Half a second is added, because the second that it names has lasted that long on average.
pub(crate) fn parse_date(text: &str) -> Option<f64> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    // "Sun, 06 Nov 1994 08:49:37 GMT": each part has its place.
    let text: &[u8; 29] = text.as_bytes().try_into().ok()?;
    let number = |at: usize, length: usize| Some(parse_digits(&text[at..at + length])? as i32);
    let (day, year, hour, minute, second) = (number(5, 2)?, number(12, 4)?, number(17, 2)?, number(20, 2)?, number(23, 2)?);
    let month = MONTHS.chunks(3).position(|month| *month == text[8..11])? as i32 + 1;
    // A minute may have a leap second.
    if year < 1970 || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days from 1970 by the civil calendar, years beginning in March so that the leap day comes last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719_468;
    Some((f64::from(days) * 24.0 + f64::from(hour)) * 3_600_000.0 + f64::from(minute * 60 + second) * 1_000.0 + 500.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read() {
        assert_eq!(parse_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(500.0));
        assert_eq!(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_500.0));
        assert_eq!(parse_date("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000_500.0));
        for rubbish in
            ["", "now", "Sun, 06 Nov", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT"]
        {
            assert_eq!(parse_date(rubbish), None, "{rubbish}");
        }
        for time in ["24:00:00", "-1:00:00", "08:60:00", "08:-9:00", "08:49:61", "9223372036854775807:00:00"] {
            assert_eq!(parse_date(&format!("Sun, 06 Nov 1994 {time} GMT")), None, "{time}");
        }
    }
}
