//! The signing keys: their file, their use, and their replacement while servers run.

mod algorithm;
mod file;
mod set;
mod watch;

pub use algorithm::SigningAlgorithm;
pub use file::{KeyInfo, SIGNING_DELAY, add, list, revoke, rotate};
pub use set::{Key, KeySet};
pub use watch::Keys;
