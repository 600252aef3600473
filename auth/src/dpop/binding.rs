//! The rules of binding: the key that a sign-in binds its session to, and the proof that a request with a bound token needs.

use super::{
    nonces::Nonces,
    presented::PresentedProof,
    proof::{Proof, sha256},
    replay::{Accepted, Refused, Replays},
    target::normalized,
};
use crate::{claims::Claims, clock::Millis, error::Error};
use sha2::{Digest, Sha256};

/// Without nonces: how far `iat` may be from the server's clock.
const WINDOW: Millis = 60_000;

/// The scheme by which an access token was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// The token was sent with the scheme `Bearer` (RFC 6750).
    Bearer,
    /// The token was sent with the scheme `DPoP`, together with a proof (RFC 9449 §7.1).
    Dpop,
}

/// Verifies proofs.
pub(crate) struct Dpop {
    is_required: bool,
    nonces: Option<Nonces>,
    replays: Replays,
}

/// Why a proof is not accepted.
enum Refusal {
    /// It is missing, malformed, for another request, too old, or was used before.
    Invalid,
    OtherKey,
    NonceNeeded(String),
    Failed(Error),
}

/// A proof for a request.
struct Verified {
    jkt: String,
    accepted: Accepted,
}

impl Dpop {
    /// `is_required`: tokens that are not bound are neither issued nor accepted.
    pub(crate) fn new(is_required: bool, nonces: Option<Nonces>) -> Self {
        Self { is_required, nonces, replays: Replays::default() }
    }

    /// The nonce to send, if nonces are used.
    pub(crate) fn nonce(&self, now: Millis) -> Option<String> {
        self.nonces.as_ref()?.current(now).ok()
    }

    /// The thumbprint of the key that a sign-in binds its session to; `None` for a sign-in without a proof. A repeated proof is accepted:
    /// the sign-in needs more than that, and its tokens are of no use without the key.
    pub(crate) fn bind(&self, presented: &PresentedProof, now: Millis) -> Result<Option<String>, Error> {
        if presented.text.is_none() && !self.is_required {
            return Ok(None);
        }
        match self.verify(presented, None, now) {
            Ok(verified) => Ok(Some(verified.jkt)),
            Err(refusal) => Err(refusal.describe(Error::InvalidProof, false)),
        }
    }

    /// Checks a request with a refresh token.
    pub(crate) fn check_refresh(&self, claims: &Claims, presented: &PresentedProof, now: Millis) -> Result<(), Error> {
        if claims.jkt().is_none() && self.is_required {
            return Err(Error::InvalidGrant);
        }
        self.check_logout(claims, presented, now)
    }

    /// Checks a sign-out. One with a token that is not bound ends that token's session at most, so that it needs no proof.
    pub(crate) fn check_logout(&self, claims: &Claims, presented: &PresentedProof, now: Millis) -> Result<(), Error> {
        let Some(jkt) = claims.jkt() else { return Ok(()) };
        self.check(claims, jkt, presented, None, now).map_err(|refusal| refusal.describe(Error::InvalidProof, false))
    }

    /// Checks a request with an access token.
    pub(crate) fn check_access(
        &self,
        claims: &Claims,
        (scheme, token): (Scheme, &str),
        presented: &PresentedProof,
        now: Millis,
    ) -> Result<(), Error> {
        match (claims.jkt(), scheme) {
            (None, Scheme::Bearer) if !self.is_required => Ok(()),
            (None, _) | (Some(_), Scheme::Bearer) => Err(Error::InvalidBoundToken),
            (Some(jkt), Scheme::Dpop) => {
                let checked = self.check(claims, jkt, presented, Some(token), now);
                checked.map_err(|refusal| refusal.describe(Error::UnprovenToken, true))
            }
        }
    }

    fn check(&self, claims: &Claims, jkt: &str, presented: &PresentedProof, token: Option<&str>, now: Millis) -> Result<(), Refusal> {
        let verified = self.verify(presented, token, now)?;
        if verified.jkt != jkt {
            return Err(Refusal::OtherKey);
        }
        self.replays.record(claims.sid, verified.accepted, now).map_err(|refused| match refused {
            Refused::Replayed => Refusal::Invalid,
            Refused::Full => Refusal::Failed(Error::Busy("the replay cache is full".into())),
        })
    }

    /// The key of a proof for this request and, at a resource, this access token (RFC 9449 §4.3).
    fn verify(&self, presented: &PresentedProof, token: Option<&str>, now: Millis) -> Result<Verified, Refusal> {
        let proof = presented.text.as_deref().and_then(Proof::verify).ok_or(Refusal::Invalid)?;
        let claims = proof.claims;
        let is_for_url = normalized(&claims.htu).is_some_and(|url| presented.urls.contains(&url));
        let is_for_token = token.is_none_or(|token| claims.ath.as_deref() == Some(sha256(token).as_str()));
        if claims.htm != presented.method || !is_for_url || !is_for_token {
            return Err(Refusal::Invalid);
        }
        // Saturates. A fraction of a second does not matter.
        #[allow(clippy::cast_possible_truncation)]
        let issued_at = claims.iat as i64;
        let valid_until = match &self.nonces {
            Some(nonces) => {
                let valid_until = claims.nonce.as_deref().map(|nonce| nonces.valid_until(nonce, now)).transpose()?.flatten();
                match valid_until {
                    Some(valid_until) => valid_until,
                    None => return Err(Refusal::NonceNeeded(nonces.current(now)?)),
                }
            }
            None => {
                let issued_at = issued_at.saturating_mul(1000);
                if now.abs_diff(issued_at) > WINDOW.unsigned_abs() {
                    return Err(Refusal::Invalid);
                }
                // A whole second later: `iat` was rounded down.
                issued_at + WINDOW + 1000
            }
        };
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(&claims.jti)[..16]);
        Ok(Verified { jkt: proof.jkt, accepted: Accepted { id: u128::from_be_bytes(id), issued_at, valid_until } })
    }
}

impl Refusal {
    fn describe(self, invalid: Error, is_resource: bool) -> Error {
        match self {
            Self::Invalid => invalid,
            Self::OtherKey => Error::InvalidBoundToken,
            Self::NonceNeeded(nonce) => Error::NonceNeeded { nonce, is_resource },
            Self::Failed(error) => error,
        }
    }
}

impl From<jsonwebtoken::errors::Error> for Refusal {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::Failed(error.into())
    }
}
