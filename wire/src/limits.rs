//! The limits of names, passwords and attempt ids: the server enforces them, and the app shows them.

use std::ops::RangeInclusive;

/// The length of an attempt id in characters; each is one of `A-Za-z0-9_-`.
pub const ATTEMPT: RangeInclusive<usize> = 16..=64;
/// The length of a name in characters.
pub const NAME: RangeInclusive<usize> = 2..=64;
/// The characters that a name may contain in addition to letters and digits.
pub const NAME_MARKS: &str = "._-@+";
/// The length of a password in characters (ASVS 6.2.1 and 6.2.9: at least 8, and at least 128 accepted).
pub const PASSWORD: RangeInclusive<usize> = 8..=256;
