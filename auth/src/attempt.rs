//! The attempt id of a refresh, and the presenter that it identifies.

use crate::{device::Device, error::Error, rotation::Presenter};
use sha2::{Digest, Sha256};
use wugan_wire::limits::ATTEMPT;

/// A client's id of one exchange of one refresh token (`docs/security.md`, rotation).
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt(String);

impl Attempt {
    /// Reads an id as it was sent.
    ///
    /// # Errors
    /// It is not 16 to 64 of `A-Za-z0-9_-`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if ATTEMPT.contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(Error::InvalidRequest("attempt must be 16 to 64 of A-Z, a-z, 0-9, _ and -."))
        }
    }
}

/// The presenter of a refresh token: by its attempt id, or without one by the client's network and `User-Agent`.
pub(crate) fn presenter(attempt: Option<&Attempt>, device: &Device) -> Presenter {
    let hash = |text: String| {
        let mut hash = [0; 16];
        hash.copy_from_slice(&Sha256::digest(text)[..16]);
        hash
    };
    match attempt {
        Some(Attempt(id)) => Presenter::Attempt(hash(format!("attempt {id}"))),
        None => {
            let network = device.network().map_or_else(String::new, |network| network.to_string());
            Presenter::Client(hash(format!("client {network} {}", device.user_agent.as_deref().unwrap_or_default())))
        }
    }
}
