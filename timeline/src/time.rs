//! Formats milliseconds with a unit. Integers only: float formatting would add kilobytes to the download.

use crate::strings::Strings;

impl Strings {
    /// `3.2 ms`, `312 ms`, `4.1 s`, `12 min`, with this language's units.
    #[must_use]
    pub fn time(&self, ms: f64) -> String {
        let [millis, seconds, minutes, hours] = self.units;
        let tenths = whole(ms * 10.0);
        match tenths {
            0..1_000 => format!("{}.{} {millis}", tenths / 10, tenths % 10),
            1_000..10_000 => format!("{} {millis}", tenths / 10),
            10_000..600_000 => format!("{}.{} {seconds}", tenths / 10_000, tenths / 1_000 % 10),
            600_000..72_000_000 => format!("{} {minutes}", tenths / 600_000),
            _ => format!("{} {hours}", tenths / 36_000_000),
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, and a time is not negative.
fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod tests {
    use crate::strings::Strings;

    #[test]
    fn times_have_the_unit_that_fits() {
        let formatted = [0.0, 3.24, 99.94, 312.4, 4_120.0, 65_000.0, 3_600_000.0, 7_200_000.0].map(|ms| Strings::EN.time(ms));
        assert_eq!(formatted, ["0.0 ms", "3.2 ms", "99.9 ms", "312 ms", "4.1 s", "1 min", "60 min", "2 h"]);
        assert_eq!([4_120.0, 65_000.0].map(|ms| Strings::ZH.time(ms)), ["4.1 秒", "1 分钟"]);
    }
}
