//! Accepting access tokens.

use super::service::Sessions;
use crate::{
    claims::Claims,
    clock::Millis,
    device::Device,
    dpop::Scheme,
    error::Error,
    rotation::{AccessDecision, decide_access},
    session_cache::CachedSession,
    store::session,
};

/// How often a first use is decided again after another request changed the row. The second decision usually succeeds.
const MAX_ATTEMPTS: usize = 8;

impl Sessions {
    /// Accepts an access token if its session is live and its generation is not superseded. The first use of a generation is written
    /// before it is accepted: from then on, an exchange of its parent is no longer taken for a repetition after a lost answer.
    ///
    /// # Errors
    /// The token is not valid, or the database is unavailable.
    pub async fn authenticate(&self, (scheme, token): (Scheme, &str), device: &Device) -> Result<Claims, Error> {
        let now = self.clock.now();
        let claims = self.tokens.read_access(token, now)?;
        self.dpop.check_access(&claims, (scheme, token), &device.proof, now)?;
        if self.cache.is_ended(claims.sid) {
            return Err(Error::InvalidToken);
        }
        let cached = self.cache.get(claims.sid);
        let admits = |session: &CachedSession| {
            session.user_id == claims.user_id && decide_access(claims.generation, &session.access) == AccessDecision::Admit
        };
        if cached.as_ref().is_some_and(admits) {
            return Ok(claims);
        }
        // Boxed: its future has ten kilobytes, which axum would allocate and copy for each request.
        Box::pin(self.authenticate_by_row(claims, cached, device, now)).await
    }

    async fn authenticate_by_row(
        &self,
        claims: Claims,
        mut cached: Option<CachedSession>,
        device: &Device,
        now: Millis,
    ) -> Result<Claims, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let (session, row) = match cached.take() {
                Some(session) => (session, None),
                None => self.load_session(&claims).await.map(|(session, row)| (session, Some(row)))?,
            };
            if session.user_id != claims.user_id {
                return Err(Error::InvalidToken);
            }
            match (decide_access(claims.generation, &session.access), row) {
                (AccessDecision::Admit, _) => return Ok(claims),
                (AccessDecision::FirstUse, _) => {
                    if self.store.record_first_use(claims.sid, claims.generation, now).await? {
                        self.cache.mark_used(claims.sid, claims.generation);
                        return Ok(claims);
                    }
                }
                // The entry may be older than the token.
                (AccessDecision::Revoke | AccessDecision::Refuse, None) => {}
                (AccessDecision::Revoke, Some(row)) => {
                    self.revoke_stolen(&row, "superseded access token", claims.generation, device).await?;
                    return Err(Error::InvalidToken);
                }
                (AccessDecision::Refuse, Some(_)) => return Err(Error::InvalidToken),
            }
        }
        Err(Error::Busy("an access token's first use lost to other requests each time".into()))
    }

    async fn load_session(&self, claims: &Claims) -> Result<(CachedSession, session::Model), Error> {
        let epoch = self.cache.epoch();
        // A missing row is not cached: a node of a cluster may not have received it yet.
        let row = self.read(claims.sid).await?.ok_or(Error::InvalidToken)?;
        if row.revoked_at.is_some() {
            self.cache.insert_ended(claims.sid, claims.expires_at(), self.clock.now());
            return Err(Error::InvalidToken);
        }
        let session = CachedSession { user_id: row.user_id, access: row.state().access() };
        self.cache.insert(epoch, claims.sid, session);
        Ok((session, row))
    }
}
