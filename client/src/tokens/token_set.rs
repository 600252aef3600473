//! The tokens of a token response. `Debug` shows none.

use serde::Deserialize;
use std::fmt;

/// What a token endpoint grants (RFC 6749 §5.1).
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct TokenSet {
    /// Sent with each request as `Authorization: Bearer`.
    pub access_token: String,
    /// Exchanged for the next set. `None` in the response to a refresh: the present one stays valid.
    #[serde(default)]
    pub refresh_token: Option<String>,
    /// Seconds until the access token expires.
    #[serde(default)]
    pub expires_in: Option<f64>,
}

impl TokenSet {
    /// Tokens whose lifetime is in the access token itself, or unknown.
    pub fn new(access_token: impl Into<String>, refresh_token: impl Into<String>) -> TokenSet {
        TokenSet { access_token: access_token.into(), refresh_token: Some(refresh_token.into()), expires_in: None }
    }

    /// An access token without a refresh token: the session ends with it, unless the refresh token is in a cookie.
    pub fn without_refresh_token(access_token: impl Into<String>) -> TokenSet {
        TokenSet { access_token: access_token.into(), refresh_token: None, expires_in: None }
    }

    /// Sets the seconds until the access token expires.
    #[must_use]
    pub fn with_expires_in(mut self, seconds: f64) -> TokenSet {
        self.expires_in = Some(seconds);
        self
    }
}

impl fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}
