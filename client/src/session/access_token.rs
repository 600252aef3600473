//! An access token, for what the client cannot send itself.

use super::{
    event::RefreshTrigger,
    handle::Session,
    refusals::{FIRST_REFUSAL_PAUSE, NO_ROUTE},
};
use crate::{error::Error, storage::record::Credential};
use std::fmt;

/// An access token, which names the session that it belongs to. `Debug` does not show it.
#[derive(Clone)]
pub struct AccessToken {
    credential: Credential,
    /// It replaced one that a server had refused.
    is_replacement: bool,
}

impl AccessToken {
    /// The token, for a header or a message. Ask for it at each use and do not store it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.credential.tokens.access_token
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AccessToken").field(&self.credential.tokens).finish()
    }
}

impl Session {
    /// A valid access token, renewed first if necessary; `None` if no user is signed in. For what the client cannot send itself:
    /// WebSocket, EventSource, an upload manager.
    ///
    /// ```
    /// use wugan::{Error, Session};
    ///
    /// /// The URL to connect a WebSocket to, which cannot have headers. Call it for each connection.
    /// async fn socket_url(session: &Session) -> Result<Option<String>, Error> {
    ///     let token = session.token().await?;
    ///     Ok(token.map(|token| format!("wss://api.example.com/live?access_token={}", token.as_str())))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::SignedOut`], [`Error::SessionChanged`], [`Error::Unavailable`], [`Error::NotRenewable`], [`Error::Timeout`] at the
    /// client's timeout.
    pub async fn token(&self) -> Result<Option<AccessToken>, Error> {
        let Some(held) = self.current() else { return Ok(None) };
        Ok(Some(AccessToken { credential: self.within_timeout(self.valid_token(held)).await?, is_replacement: false }))
    }

    /// A token newer than one that a server refused: one that is there already, or the result of the shared refresh. For sockets and
    /// other clients that learn of the refusal by themselves.
    ///
    /// # Errors
    /// As [`token`](Self::token). [`Error::Unavailable`] also for a token that this function has just returned and that was refused too, or that
    /// was just issued and cannot be renewed; and if more than eight routes refuse every token.
    pub async fn token_after(&self, old: &AccessToken) -> Result<AccessToken, Error> {
        let held = &old.credential;
        if old.is_replacement && self.0.transport.clock.age(&held.tokens.issued) < FIRST_REFUSAL_PAUSE {
            self.note_refused_replay(held, NO_ROUTE);
        }
        if let Some(retry_after) = self.refusal_pause(held, NO_ROUTE) {
            return Err(Error::Unavailable { retry_after });
        }
        let credential = self.within_timeout(self.newer_than(held, RefreshTrigger::Unauthorized)).await?;
        Ok(AccessToken { credential, is_replacement: true })
    }
}
