//! The session record that the library keeps in localStorage: reading it, and corrupting it on purpose.

use serde_json::Value;

use crate::{Page, Result};

/// The storage key of the session, as a JavaScript expression: the library derives it from the token endpoint's URL.
const KEY: &str = "`wugan:${location.origin}/user/refresh`";

/// What is in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Record(Value);

impl Page {
    /// The stored session.
    ///
    /// # Errors
    /// If there is none, or it is no JSON.
    pub async fn record(&self) -> Result<Record> {
        let stored = self.script(&format!("return localStorage.getItem({KEY})")).await?;
        let text = stored.as_str().ok_or("there is no stored session")?;
        Ok(Record(serde_json::from_str(text)?))
    }

    /// Puts one back.
    ///
    /// # Errors
    /// If the store can't be written.
    pub async fn store(&self, record: &Record) -> Result {
        let text = Value::String(record.0.to_string());
        self.script(&format!("localStorage.setItem({KEY}, {text})")).await.map(drop)
    }

    /// Waits until the access token that is stored now has run out, by this machine's clock, which is the server's too.
    ///
    /// # Errors
    /// If none is stored.
    pub async fn outlive_token(&self) -> Result {
        let record = self.record().await?;
        crate::until("the access token to run out", async || Ok(self.outlives(&record).await?.then_some(()))).await
    }

    /// Whether the access token that is stored now has run out already, by the same clock.
    ///
    /// # Errors
    /// If none is stored.
    pub async fn has_outlived_token(&self) -> Result<bool> {
        self.outlives(&self.record().await?).await
    }

    async fn outlives(&self, record: &Record) -> Result<bool> {
        let claims = claims_of(record.access_token()?)?;
        let ran_out = format!("return JSON.parse(atob('{claims}'.replace(/-/g, '+').replace(/_/g, '/'))).exp * 1000 < Date.now()");
        Ok(self.script(&ran_out).await? == true)
    }
}

impl Record {
    /// The access token.
    ///
    /// # Errors
    /// If the record has none: the session has ended.
    pub fn access_token(&self) -> Result<&str> {
        self.0["access_token"].as_str().ok_or_else(|| "the stored session has no access token".into())
    }

    /// The same record with an access token that no server takes: its signature is another.
    ///
    /// # Errors
    /// If the record has none.
    pub fn with_corrupt_access_token(&self) -> Result<Self> {
        self.with_corrupt("access_token")
    }

    fn with_corrupt(&self, name: &str) -> Result<Self> {
        let token = self.0[name].as_str().ok_or("there is no such token")?;
        let (claims, signature) = token.rsplit_once('.').ok_or("the token is no JWT")?;
        let signature: String = signature.chars().rev().collect();
        let mut record = self.0.clone();
        record[name] = Value::String(format!("{claims}.{signature}"));
        Ok(Self(record))
    }

    /// Whether a token is in it.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        ["access_token", "refresh_token"].iter().any(|name| self.0.get(name).is_some_and(Value::is_string))
    }
}

fn claims_of(token: &str) -> Result<&str> {
    token.split('.').nth(1).ok_or_else(|| "the access token is no JWT".into())
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
