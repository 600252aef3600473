//! The signing keys: where they are kept, what they do, and how they change while servers run.

mod file;
mod ring;
mod watch;

pub use file::{KeyError, add, rotate};
pub use ring::{Key, KeyRing, PublicKey};
pub use watch::Keys;
