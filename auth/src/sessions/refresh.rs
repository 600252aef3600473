//! Exchanging a refresh token for the next pair.

use super::{end::Reused, service::Sessions};
use crate::{
    attempt::{Attempt, presenter},
    clock::{Millis, millis},
    device::Device,
    error::Error,
    network::client_network,
    rotation::{Decision, Lineage, Presented, decide},
    store::{
        audit::{Entry, Event},
        session::{self, Advance, SessionSelector},
        user,
    },
};
use tracing::warn;
use wugan_wire::TokenAnswer;

/// How often a request that lost a race decides again. Another request won each race, so two would do.
pub(super) const MAX_ATTEMPTS: usize = 8;

impl Sessions {
    /// Exchanges a refresh token for the next pair.
    ///
    /// # Errors
    /// The token is invalid, expired or reused; or the database is away.
    pub async fn refresh(&self, token: &str, attempt: Option<Attempt>, device: &Device) -> Result<TokenAnswer, Error> {
        let claims = self.tokens.read_refresh(token).map_err(|_| self.refused())?;
        self.refreshes.take(claims.sid, self.clock.now()).map_err(Error::RateLimited)?;
        let presented =
            Presented { generation: claims.generation, expires_at: claims.expires_at(), presenter: presenter(attempt.as_ref(), device) };
        for _ in 0..MAX_ATTEMPTS {
            let found = self.store.session_with_user(claims.sid).await?;
            let is_allowed = |row: &session::Model, user: &user::Model| row.user_id == claims.user_id && user.disabled_at.is_none();
            let (row, user) = found.filter(|(row, user)| is_allowed(row, user)).ok_or_else(|| self.refused())?;
            let (state, now) = (row.state(), self.clock.now());
            let (outcome, next) = match decide(&presented, &state, now, millis(self.policy.reuse_leeway)) {
                Decision::Rotate => ("rotated", self.rotate(&row, &state.lineage.rotated(&presented), &presented, device, now).await?),
                Decision::Repeat => ("repeated", Some(row)),
                Decision::Supersede => {
                    let advance = self.advance(&row, &state.lineage.superseded(presented.presenter), device, now).while_unused();
                    ("superseded", self.store.advance(advance).await?)
                }
                Decision::Revoke => {
                    self.revoke_stolen(&row, Reused::Refresh(claims.generation), device).await?;
                    return Err(Error::InvalidGrant);
                }
                Decision::Refuse => return Err(self.refused()),
            };
            if let Some(next) = next {
                self.metrics.refresh(outcome);
                return Ok(self.tokens.issue(&next, &user.username, now)?);
            }
        }
        Err(Error::Busy("a refresh lost every race".into()))
    }

    /// Rotates. A token that is later than its row shows that the database lost commits, in a failover or a restored backup: that is
    /// recorded. A refresh from another network than the one before is recorded, too.
    async fn rotate(
        &self,
        row: &session::Model,
        lineage: &Lineage,
        presented: &Presented,
        device: &Device,
        now: Millis,
    ) -> Result<Option<session::Model>, Error> {
        let advance = self.advance(row, lineage, device, now);
        let record = |detail: String| Entry { session_id: Some(row.id), detail: Some(detail), ..device.entry(Some(row.user_id)) };
        if presented.generation > row.generation {
            let entry = record(format!("the token is of generation {}, the row was at {}", presented.generation, row.generation));
            let next = self.store.advance_recorded(advance, Event::RowBehindToken, entry, now).await?;
            if next.is_some() {
                // The cached entry admits access tokens that the row refuses from now on. Other nodes admit them until theirs expires.
                self.cache.invalidate(SessionSelector::One(row.id));
                warn!(session = %row.id, presented = presented.generation, row = row.generation, "a row is older than its token: the database lost commits");
            }
            return Ok(next);
        }
        let before = row.last_ip.as_deref().or(row.ip.as_deref());
        let network_before = before.and_then(|ip| ip.parse().ok()).map(client_network);
        match (before, network_before, device.network()) {
            (Some(before), Some(old), Some(new)) if old != new => {
                let entry = record(format!("the session was used from {before} before"));
                Ok(self.store.advance_recorded(advance, Event::NetworkChanged, entry, now).await?)
            }
            _ => Ok(self.store.advance(advance).await?),
        }
    }

    fn advance(&self, row: &session::Model, lineage: &Lineage, device: &Device, now: Millis) -> Advance {
        Advance::to(row, lineage, (device.user_agent.clone(), device.address()), now, self.expiry(row.created_at, now))
    }

    fn refused(&self) -> Error {
        self.metrics.refresh("refused");
        Error::InvalidGrant
    }
}
