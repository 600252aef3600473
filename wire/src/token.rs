//! The bodies of the token routes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The response of register, login and refresh. Its `Debug` shows no token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// A JWT (`typ: at+jwt`) for the `Authorization` header, with the scheme of `token_type`.
    pub access_token: String,
    /// A JWT (`typ: rt+jwt`) for the refresh route alone.
    pub refresh_token: String,
    /// `Bearer` (RFC 6749 §5.1), or `DPoP` if the session is bound to a key (RFC 9449 §5).
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// Seconds until the refresh token expires.
    pub refresh_expires_in: u64,
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("expires_in", &self.expires_in)
            .field("refresh_expires_in", &self.refresh_expires_in)
            .finish_non_exhaustive()
    }
}

/// The body of a refresh. Its `Debug` shows neither token nor id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshExchange {
    /// The refresh token.
    pub refresh_token: String,
    /// The client's random id of this exchange: 16 to 64 of `A-Za-z0-9_-`. The client stores it with the token and sends the same one
    /// with each retry, from every tab. The server repeats the exchange for the same id and treats other ids as other clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
}

impl fmt::Debug for RefreshExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshExchange").field("has_attempt", &self.attempt.is_some()).finish_non_exhaustive()
    }
}

/// The body of a logout, and of a refresh by a client without attempt ids. Its `Debug` shows no token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshRequest {
    /// The refresh token.
    pub refresh_token: String,
}

impl fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshRequest").finish_non_exhaustive()
    }
}

/// Which of the user's sessions a logout ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogoutScope {
    /// The session of the refresh token in the body.
    #[default]
    This,
    /// All sessions except that one.
    Others,
    /// All sessions.
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_without_an_attempt_id_has_the_tutorials_body() {
        let read: Result<RefreshExchange, _> = serde_json::from_str(r#"{"refresh_token":"r"}"#);
        let exchange = RefreshExchange { refresh_token: "r".into(), attempt: None };
        assert_eq!(serde_json::to_string(&exchange).ok().as_deref(), Some(r#"{"refresh_token":"r"}"#));
        assert_eq!(read.ok(), Some(exchange));
    }

    #[test]
    fn debug_shows_no_token() {
        let answer = TokenAnswer {
            access_token: "secret-a".into(),
            refresh_token: "secret-r".into(),
            token_type: "Bearer".into(),
            expires_in: 1800,
            refresh_expires_in: 604_800,
        };
        let request = RefreshRequest { refresh_token: "secret-r".into() };
        let exchange = RefreshExchange { refresh_token: "secret-r".into(), attempt: Some("secret-id".into()) };
        let shown = format!("{answer:?} {request:?} {exchange:?}");
        assert!(shown.contains("1800"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
