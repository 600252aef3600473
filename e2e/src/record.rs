//! Reads, writes and corrupts the session record that the library stores in localStorage.

use serde_json::Value;

use crate::{Page, Result};

/// The record's storage key as a JavaScript expression. The library derives it from the token endpoint's URL.
const KEY: &str = "`wugan:${location.origin}/user/refresh`";

/// A session record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record(Value);

impl Page {
    /// Reads the stored record.
    ///
    /// # Errors
    /// There is none, or it is not JSON.
    pub async fn record(&self) -> Result<Record> {
        let stored = self.script(&format!("return localStorage.getItem({KEY})")).await?;
        let text = stored.as_str().ok_or("there is no stored session")?;
        Ok(Record(serde_json::from_str(text)?))
    }

    /// Writes a record.
    ///
    /// # Errors
    /// localStorage cannot be written.
    pub async fn store_record(&self, record: &Record) -> Result {
        let text = Value::String(record.0.to_string());
        self.script(&format!("localStorage.setItem({KEY}, {text})")).await.map(drop)
    }

    /// Waits until the stored access token has expired by this machine's clock, which the server uses, too.
    ///
    /// # Errors
    /// No access token is stored.
    pub async fn wait_for_token_expiry(&self) -> Result {
        let record = self.record().await?;
        crate::until("the access token to expire", async || Ok(self.is_expired(&record).await?.then_some(()))).await
    }

    /// Whether the stored access token has expired by the same clock.
    ///
    /// # Errors
    /// No access token is stored.
    pub async fn token_has_expired(&self) -> Result<bool> {
        self.is_expired(&self.record().await?).await
    }

    async fn is_expired(&self, record: &Record) -> Result<bool> {
        let claims = claims_of(record.access_token()?)?;
        let is_expired = format!("return JSON.parse(atob('{claims}'.replace(/-/g, '+').replace(/_/g, '/'))).exp * 1000 < Date.now()");
        Ok(self.script(&is_expired).await? == true)
    }
}

impl Record {
    /// The access token.
    ///
    /// # Errors
    /// The record has none: the session has ended.
    pub fn access_token(&self) -> Result<&str> {
        self.0["access_token"].as_str().ok_or_else(|| "the stored session has no access token".into())
    }

    /// The same record with a wrong signature in its access token.
    ///
    /// # Errors
    /// The record has no access token.
    pub fn with_corrupt_access_token(&self) -> Result<Self> {
        let (claims, signature) = self.access_token()?.rsplit_once('.').ok_or("the access token is not a JWT")?;
        let signature: String = signature.chars().rev().collect();
        let mut record = self.0.clone();
        record["access_token"] = Value::String(format!("{claims}.{signature}"));
        Ok(Self(record))
    }

    /// Whether the record has a token.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        ["access_token", "refresh_token"].iter().any(|name| self.0.get(name).is_some_and(Value::is_string))
    }
}

fn claims_of(token: &str) -> Result<&str> {
    token.split('.').nth(1).ok_or_else(|| "the access token is not a JWT".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_corrupt_token_differs_only_in_its_signature() {
        let record = Record(serde_json::json!({ "v": 2, "access_token": "head.claims.abc", "refresh_token": "r" }));
        let corrupt = record.with_corrupt_access_token().unwrap();
        assert_eq!(corrupt.access_token().unwrap(), "head.claims.cba");
        assert_eq!(corrupt.0["refresh_token"], record.0["refresh_token"]);
        assert_eq!(corrupt.0["v"], 2);
    }

    #[test]
    fn a_record_of_an_ended_session_has_no_tokens() {
        assert!(!Record(serde_json::json!({ "v": 2, "ended": "ByUser" })).has_tokens());
        assert!(Record(serde_json::json!({ "v": 2, "refresh_token": "r" })).has_tokens());
    }
}
