//! Ids that cannot be guessed.

use super::host::Host;
use crate::text::hexadecimal;

/// 104 random bits, in hexadecimal.
pub(crate) fn random_id(platform: &Host) -> String {
    let random = || hexadecimal((platform.random() * 2_f64.powi(52)) as u64, 13);
    random() + &random()
}
