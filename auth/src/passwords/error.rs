//! Why a password was not hashed.

use std::fmt;

/// Why a password was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashError {
    /// Too many passwords are waiting, of all clients or of this client's network.
    Busy,
    /// The hash in the database is malformed, or hashing failed.
    Failed,
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "too many passwords are being hashed",
            Self::Failed => "hashing a password failed",
        })
    }
}
