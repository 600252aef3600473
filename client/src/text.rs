//! Searching texts, and reading and writing numbers: what of the standard library takes more code.

/// Whether a text contains another. `str::contains` adds a kilobyte to the download.
pub(crate) fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window == part.as_bytes())
}

/// A number of decimal digits only. The parser of the standard library adds a third of a kilobyte to the download.
pub(crate) fn parse_digits(text: &[u8]) -> Option<f64> {
    let add = |number: f64, digit: &u8| digit.is_ascii_digit().then(|| number * 10.0 + f64::from(digit - b'0'));
    (!text.is_empty()).then(|| text.iter().try_fold(0.0, add)).flatten()
}

/// The last digits of a number, lower case. The formatting of the standard library adds half a kilobyte to the download.
pub(crate) fn hexadecimal(number: u64, digits: u32) -> String {
    let digit = |place: u32| (number >> (4 * place)) as usize & 15;
    (0..digits).rev().map(|place| char::from(b"0123456789abcdef"[digit(place)])).collect()
}
