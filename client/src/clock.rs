//! Time is the server's: how old a token is, whatever the device's clock says.
//!
//! Nothing here compares the device's clock with a date in a token. A token has a lifetime and a [`Stamp`] of when it was issued;
//! its age is told by the monotonic clock, by the device's clock (the monotonic one may stand still while a device sleeps), and,
//! where these two were led astray by somebody who set the clock, by the `Date` of the server's latest answer.

use crate::platform::Platform;
use std::{cell::Cell, rc::Rc, time::Duration};

/// A `Date` counts whole seconds, and an answer is under way for a while: nearer than this, the local clocks know better.
const DATE_NOISE_MS: f64 = 3_000.0;

/// A moment, as three clocks saw it. Milliseconds all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stamp {
    /// The device's clock, since 1970.
    pub(crate) wall: f64,
    /// The page's monotonic clock: means nothing to another page, so it is not stored.
    pub(crate) monotonic: Option<f64>,
    /// The server's clock, since 1970, where an answer told it.
    pub(crate) server: Option<f64>,
    /// By how much later than the local clocks say it may have been.
    pub(crate) doubt: f64,
}

impl Stamp {
    pub(crate) fn now(platform: &dyn Platform) -> Stamp {
        Stamp { wall: platform.wall(), monotonic: Some(platform.monotonic()), server: None, doubt: 0.0 }
    }

    /// When an answer left the server, seen from here: half-way between asking and hearing, if that is near enough. Of an answer that
    /// took long, as one does that is heard after a sleep, is known that it was not given before it was asked for: nothing that came
    /// with it is younger than it looks.
    pub(crate) fn between(asked: Stamp, heard: Stamp, server: Option<f64>) -> Stamp {
        let took = asked.until(&heard);
        if took > DATE_NOISE_MS {
            return Stamp { server, doubt: took, ..asked };
        }
        let way = (heard.monotonic.zip(asked.monotonic)).map_or(0.0, |(heard, asked)| (heard - asked).max(0.0) / 2.0);
        Stamp { wall: heard.wall - way, monotonic: heard.monotonic.map(|at| at - way), server, doubt: 0.0 }
    }

    /// Whether what was reckoned from this moment is, as far as this moment is known, what was found by other means.
    fn agrees(&self, reckoned: f64, found: f64) -> bool {
        (-DATE_NOISE_MS..=self.doubt + DATE_NOISE_MS).contains(&(reckoned - found))
    }

    /// Milliseconds from this moment to a later one, by the local clocks.
    ///
    /// Sleep stops the monotonic clock, a clock set back stops the other: the larger is right in both cases.
    fn until(&self, later: &Stamp) -> f64 {
        let by_wall = later.wall - self.wall;
        let by_monotonic = later.monotonic.zip(self.monotonic).map_or(0.0, |(later, earlier)| later - earlier);
        by_wall.max(by_monotonic).max(0.0)
    }
}

/// The clocks of this page, and the latest answer that told the server's time.
pub(crate) struct Clock {
    platform: Rc<dyn Platform>,
    heard: Cell<Option<Stamp>>,
}

impl Clock {
    pub(crate) fn new(platform: Rc<dyn Platform>) -> Clock {
        Clock { platform, heard: Cell::new(None) }
    }

    pub(crate) fn now(&self) -> Stamp {
        Stamp::now(&*self.platform)
    }

    /// An answer told the server's time. One that took long, and says what is known, is not worth more than what told it before.
    pub(crate) fn heard(&self, told: Stamp) {
        let Some(server) = told.server else { return };
        let known = self.heard.get().and_then(|known| Some(known.server? + known.until(&told)));
        if told.doubt == 0.0 || !known.is_some_and(|known| told.agrees(server, known)) {
            self.heard.set(Some(told));
        }
    }

    /// How long ago a moment was.
    pub(crate) fn age(&self, of: &Stamp) -> Duration {
        let now = self.now();
        let local = of.until(&now);
        let by_server = |heard: Stamp| {
            let age = heard.server? - of.server? + heard.until(&now);
            (age >= 0.0 && !heard.agrees(age, local)).then_some(age)
        };
        let age = self.heard.get().and_then(by_server).unwrap_or(local);
        // A record from the store may hold any number.
        Duration::try_from_secs_f64(age / 1_000.0).unwrap_or(Duration::MAX)
    }
}

/// Reads an HTTP `Date` (RFC 9110 §5.6.7, the form that servers must send) as milliseconds since 1970.
///
/// The second that it names has been going on for half a second on average.
pub(crate) fn parse_date(text: &str) -> Option<f64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split_ascii_whitespace().skip(1);
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as i64 + 1;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut time = parts.next()?.splitn(3, ':');
    let mut next = || time.next()?.parse::<i64>().ok();
    let (hour, minute, second) = (next()?, next()?, next()?);
    // A minute may have a leap second.
    let in_range = (1970..10_000).contains(&year) && (1..=31).contains(&day);
    if !in_range || !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    // Days from 1970 by the civil calendar, years beginning in March so that the leap day comes last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (m * 153 + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) as f64 * 1_000.0 + 500.0)
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
