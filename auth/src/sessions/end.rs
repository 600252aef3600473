//! Ending sessions: by their user, and when a token was reused.

use super::service::Sessions;
use crate::{
    device::Device,
    error::Error,
    rotation::{LogoutDecision, decide_logout},
    store::{
        audit::{Entry, Event},
        session::{self, SessionSelector},
    },
    task::run_to_completion,
};
use tracing::warn;
use uuid::Uuid;
use wugan_wire::LogoutScope;

/// A refresh token that was replaced or superseded.
pub(super) const REPLACED: &str = "replaced refresh token";

impl Sessions {
    /// Ends sessions by a refresh token, which may have expired. A token that is not valid ends nothing and is no error (RFC 7009 §2.2).
    ///
    /// # Errors
    /// The token is bound to a key that the request does not prove; the session is over its limit, if it only ends the others; or the database
    /// is unavailable.
    pub async fn logout(&self, token: &str, scope: LogoutScope, device: &Device) -> Result<(), Error> {
        let Ok(claims) = self.tokens.read_refresh(token) else { return Ok(()) };
        self.dpop.check_logout(&claims, &device.proof, self.clock.now())?;
        let found = self.read(claims.sid).await?;
        let Some(row) = found.filter(|row| row.user_id == claims.user_id) else { return Ok(()) };
        let selector = match decide_logout(claims.generation, claims.expires_at(), &row.state(), self.clock.now()) {
            LogoutDecision::Ignore => return Ok(()),
            LogoutDecision::Revoke => return self.revoke_stolen(&row, REPLACED, claims.generation, device).await,
            LogoutDecision::End => match scope {
                LogoutScope::This => SessionSelector::One(row.id),
                LogoutScope::Others => {
                    // The session goes on, so that its end does not bound the number of such requests.
                    self.refreshes.take(row.id, self.clock.now()).map_err(Error::RateLimited)?;
                    SessionSelector::Others(row.user_id, row.id)
                }
                LogoutScope::All => SessionSelector::All(row.user_id),
            },
        };
        self.end(selector, &row, device).await
    }

    /// Ends one of the account's sessions.
    ///
    /// # Errors
    /// The account has no live session of that id, or the database is unavailable.
    pub async fn end_own(&self, user_id: i64, id: Uuid, device: &Device) -> Result<(), Error> {
        let (row, now) = (self.store.session(id).await?, self.clock.now());
        let is_live = |row: &session::Model| row.user_id == user_id && row.revoked_at.is_none() && row.expires_at > now;
        let row = row.filter(is_live).ok_or(Error::NotFound)?;
        self.end(SessionSelector::One(id), &row, device).await
    }

    /// Ends sessions at the request of one of them.
    async fn end(&self, selector: SessionSelector, by: &session::Model, device: &Device) -> Result<(), Error> {
        let entry = Entry { session_id: Some(by.id), ..device.entry(Some(by.user_id)) };
        let describe = move |ended: u64| {
            let detail = match selector {
                SessionSelector::One(_) => "this one".into(),
                SessionSelector::Others(..) => format!("{ended} others"),
                SessionSelector::All(_) => format!("all {ended}"),
            };
            Entry { detail: Some(detail), ..entry.clone() }
        };
        self.end_recorded(selector, Event::SessionsEnded, describe).await.map(drop)
    }

    /// Ends a session because a token of it was used that was replaced or superseded: one of this kind and generation. `device` sent it: the
    /// thief or the owner.
    pub(super) async fn revoke_stolen(&self, row: &session::Model, kind: &str, generation: i64, device: &Device) -> Result<(), Error> {
        let reused = format!("{kind} of generation {generation} was used");
        let started_at = row.ip.as_deref().unwrap_or("an unknown address");
        let detail = format!("{reused}, the current one is {}; the session was started from {started_at}", row.generation);
        let entry = Entry { session_id: Some(row.id), detail: Some(detail), ..device.entry(Some(row.user_id)) };
        // Committed before the request fails, so that the revocation is not rolled back with it.
        let ended = self.end_recorded(SessionSelector::One(row.id), Event::ReuseDetected, move |_| entry.clone()).await?;
        if ended > 0 {
            self.metrics.refresh("revoked");
            warn!(session = %row.id, user = row.user_id, reused, current = row.generation, "reuse of a token: the session was ended");
        }
        Ok(())
    }

    /// Ends a session again that this node remembers as ended, and whose row is live: the database lost the revocation, in a failover or a
    /// restored backup.
    pub(super) async fn end_again(&self, id: Uuid, user_id: i64, device: &Device) -> Result<(), Error> {
        let detail = "ended again: the database had lost the first end".to_owned();
        let entry = Entry { session_id: Some(id), detail: Some(detail), ..device.entry(Some(user_id)) };
        if self.end_recorded(SessionSelector::One(id), Event::SessionsEnded, move |_| entry.clone()).await? > 0 {
            warn!(session = %id, user = user_id, "a session was live again, and was ended: the database lost commits");
        }
        Ok(())
    }

    /// Ends sessions with an entry in the audit trail. They are ended on this node when this returns, and also if the caller is dropped.
    pub(crate) async fn end_recorded(
        &self,
        selector: SessionSelector,
        event: Event,
        describe: impl Fn(u64) -> Entry + Send + Sync + 'static,
    ) -> Result<u64, Error> {
        let sessions = self.clone();
        run_to_completion(async move {
            let ended = sessions.store.end_sessions(selector, event, &describe, sessions.clock.now()).await?;
            match selector {
                SessionSelector::One(id) => sessions.note_ended(id),
                _ => sessions.cache.invalidate(selector),
            }
            Ok(ended)
        })
        .await
    }
}
