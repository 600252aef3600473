//! Server nonces (RFC 9449 §8): a function of a time step and the signing key, so that all nodes accept each other's without shared state.

use crate::{clock::Millis, tokens::Tokens};
use std::sync::Arc;

/// How long one nonce is sent.
const STEP: Millis = 60_000;

/// Makes and checks nonces.
pub(crate) struct Nonces {
    tokens: Arc<Tokens>,
}

impl Nonces {
    pub(crate) fn new(tokens: Arc<Tokens>) -> Self {
        Self { tokens }
    }

    /// The nonce to send.
    pub(crate) fn current(&self, now: Millis) -> Result<String, jsonwebtoken::errors::Error> {
        self.of(now.div_euclid(STEP))
    }

    /// Until when a proof with this nonce is accepted: to the end of the step after its own. `None` if it is not accepted now. A nonce of
    /// the next step comes from a node whose clock is ahead.
    pub(super) fn valid_until(&self, nonce: &str, now: Millis) -> Result<Option<Millis>, jsonwebtoken::errors::Error> {
        let current = now.div_euclid(STEP);
        for step in [current, current - 1, current + 1] {
            if self.of(step)? == nonce {
                return Ok(Some((step + 2) * STEP));
            }
        }
        Ok(None)
    }

    fn of(&self, step: i64) -> Result<String, jsonwebtoken::errors::Error> {
        self.tokens.authenticate_text(&format!("DPoP nonce {step}"), step * STEP)
    }
}
