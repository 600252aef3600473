//! HTTP dates (RFC 9110 §5.6.7) and `Retry-After` (RFC 9110 §10.2.3).

use crate::{text::parse_digits, time::timestamp::Timestamp};
use std::time::Duration;

/// What a `Retry-After` counted by the device's clock is cut to.
const LONGEST_BY_DEVICE_MS: f64 = 60_000.0;

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

/// Parses `Retry-After` (RFC 9110 §10.2.3): seconds, or a date, which counts from the response's own `Date`. Another origin may hide that one:
/// then it counts from the device's time, which may be wrong, and at most a minute.
pub(crate) fn parse_retry_after(value: &str, sent_at: Timestamp) -> Option<Duration> {
    let seconds = parse_digits(value.trim_ascii().as_bytes()).map(|seconds| Duration::from_secs(seconds as u64));
    seconds.or_else(|| {
        let until = |now: f64| Some(parse_date(value)? - now);
        let left = sent_at.server.map_or_else(|| Some(until(sent_at.device)?.min(LONGEST_BY_DEVICE_MS)), until)?;
        Some(Duration::from_millis(left as u64))
    })
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

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock_or_else_the_devices() {
        let now = |date: &str| parse_date(date).unwrap_or_else(|| unreachable!());
        let at = |server: Option<f64>, device: f64| Timestamp { device, monotonic: None, server, uncertainty: 0.0 };
        let (by_server, hidden) = (at(Some(now("Sun, 06 Nov 1994 08:49:37 GMT")), 0.0), at(None, now("Sun, 06 Nov 1994 08:50:37 GMT")));
        assert_eq!(parse_retry_after(" 120 ", hidden), Some(Duration::from_secs(120)));
        assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:51:37 GMT", by_server), Some(Duration::from_secs(120)));
        assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:49:00 GMT", by_server), Some(Duration::ZERO));
        assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:51:37 GMT", hidden), Some(Duration::from_secs(60)));
        assert_eq!(parse_retry_after("soon", by_server), None);
    }
}
