//! Formats dates and times in the user's locale, by the browser's `Intl`.

use crate::lang::Lang;
use js_sys::{Array, Date, Intl, Object, Reflect};
use leptos::prelude::window;

/// A date: "23 November 2026".
pub(crate) fn date(rfc3339: &str, lang: Lang) -> String {
    let options = options(&[("dateStyle", "long")]);
    Date::new(&rfc3339.into()).to_locale_date_string(&locale(lang), &options).into()
}

/// A date and time, in seconds since 1970: "Nov 23, 2026, 9:41:00 PM".
pub(crate) fn moment(seconds: u32, lang: Lang) -> String {
    let options = options(&[("dateStyle", "medium"), ("timeStyle", "medium")]);
    Date::new(&(f64::from(seconds) * 1_000.0).into()).to_locale_string(&locale(lang), &options).into()
}

/// How long ago: "3 minutes ago", "yesterday".
pub(crate) fn ago(rfc3339: &str, lang: Lang) -> String {
    let past = Date::now() - Date::new(&rfc3339.into()).get_time();
    let (number, unit) = rounded(past);
    let options = options(&[("numeric", "auto")]);
    Intl::RelativeTimeFormat::new(&Array::of1(&locale(lang).into()), &options).format(-number, unit).into()
}

/// How far ahead: "in 12 seconds", "in 2 minutes".
pub(crate) fn ahead(seconds: u32, lang: Lang) -> String {
    let (number, unit) = if seconds < 120 { (seconds, "second") } else { (seconds.div_ceil(60), "minute") };
    Intl::RelativeTimeFormat::new(&Array::of1(&locale(lang).into()), &Object::new()).format(number.into(), unit).into()
}

/// A duration in the largest unit that fits. Negative durations and NaN are zero: the device's clock may be behind the server's.
fn rounded(past: f64) -> (f64, &'static str) {
    const UNITS: [(f64, &str); 4] = [(86_400_000.0, "day"), (3_600_000.0, "hour"), (60_000.0, "minute"), (1_000.0, "second")];
    let fits = UNITS.into_iter().find(|(length, _)| past >= *length);
    fits.map_or((0.0, "second"), |(length, unit)| ((past / length).floor(), unit))
}

/// The browser's locale if it is of the chosen language (en-GB formats dates differently from en-US), else the language.
fn locale(lang: Lang) -> String {
    window().navigator().language().filter(|own| own.starts_with(lang.tag())).unwrap_or_else(|| lang.tag().to_owned())
}

fn options(pairs: &[(&str, &str)]) -> Object {
    let options = Object::new();
    for (name, value) in pairs {
        let _ = Reflect::set(&options, &(*name).into(), &(*value).into());
    }
    options
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn the_unit_is_the_largest_that_fits() {
        let cases = [
            (0.0, (0.0, "second")),
            (59_999.0, (59.0, "second")),
            (60_000.0, (1.0, "minute")),
            (7_199_999.0, (1.0, "hour")),
            (200_000_000.0, (2.0, "day")),
        ];
        for (past, expected) in cases {
            assert_eq!(rounded(past), expected, "{past}");
        }
    }

    #[test]
    fn negative_and_invalid_durations_are_zero() {
        assert_eq!(rounded(-5_000.0), (0.0, "second"));
        assert_eq!(rounded(f64::NAN), (0.0, "second"));
    }
}
