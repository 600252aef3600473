//! The claims of access and refresh tokens.

use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The claims of both kinds.
#[derive(Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The account, under the name that the front end of the NestJS tutorial reads.
    #[serde(rename = "userId")]
    pub user_id: i64,
    /// The session.
    pub sid: Uuid,
    /// The generation of the refresh token, or of the refresh token that an access token was issued with; counted from 0.
    #[serde(rename = "gen")]
    pub generation: i64,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cnf: Option<Confirmation>,
}

/// The key that a token is bound to (RFC 7800 §3.1).
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Confirmation {
    /// Its thumbprint (RFC 9449 §6.1).
    pub(crate) jkt: String,
}

impl Claims {
    /// When the token expires.
    #[must_use]
    pub fn expires_at(&self) -> Millis {
        self.exp.saturating_mul(1000)
    }

    /// The thumbprint of the key that the token is bound to.
    #[must_use]
    pub fn jkt(&self) -> Option<&str> {
        self.cnf.as_ref().map(|cnf| cnf.jkt.as_str())
    }
}
