//! The signing algorithm of a new key.

use std::str::FromStr;

/// The signing algorithm of a new key. An existing key keeps its algorithm; a token's header does not choose one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// HMAC with SHA-256: one secret signs and verifies.
    #[default]
    Hs256,
    /// Ed25519: other services verify with the public key.
    EdDsa,
}

impl FromStr for SigningAlgorithm {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "hs256" => Ok(Self::Hs256),
            "eddsa" => Ok(Self::EdDsa),
            _ => Err("choose hs256 or eddsa"),
        }
    }
}
