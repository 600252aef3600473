//! What names, passwords and attempt ids may be: the server checks it, and the app says it before.

use std::ops::RangeInclusive;

/// How many characters an attempt id has, each one of `A-Za-z0-9_-`.
pub const ATTEMPT: RangeInclusive<usize> = 16..=64;
/// How many characters a name has.
pub const NAME: RangeInclusive<usize> = 2..=64;
/// What a name may have beside letters and digits.
pub const NAME_MARKS: &str = "._-@+";
/// How many characters a password has (ASVS 6.2.1 and 6.2.9 want 8 to at least 128).
pub const PASSWORD: RangeInclusive<usize> = 8..=256;
