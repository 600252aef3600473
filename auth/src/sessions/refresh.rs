//! Exchanging a refresh token for the next pair.

use super::{
    end::REPLACED,
    exchange::{Exchange, Outcome},
    service::{MAX_WAIT, Sessions},
};
use crate::{
    attempt::{Attempt, presenter},
    clock::millis,
    device::Device,
    error::Error,
    rotation::{Decision, Presented, decide},
    session_cache::CachedSession,
    store::{
        Account,
        session::{Model, SessionSelector},
    },
    task::run_to_completion,
};
use tokio::time::timeout;
use tracing::warn;
use uuid::Uuid;
use wugan_wire::TokenAnswer;

impl Sessions {
    /// Exchanges a refresh token for the next pair.
    ///
    /// # Errors
    /// The token is invalid, expired or reused; or the database is unavailable.
    pub async fn refresh(&self, token: &str, attempt: Option<Attempt>, device: &Device) -> Result<TokenAnswer, Error> {
        let claims = self.tokens.read_refresh(token).map_err(|_| self.refused())?;
        // Checked first, so that a stolen token without its key changes nothing and uses up no limit.
        self.dpop.check_refresh(&claims, &device.proof, self.clock.now()).inspect_err(|_| self.metrics.refresh("refused"))?;
        let presented =
            Presented { generation: claims.generation, expires_at: claims.expires_at(), presenter: presenter(attempt.as_ref(), device) };
        if let Err(wait) = self.refreshes.take(claims.sid, self.clock.now())
            && !self.is_reuse(claims.sid, &presented).await?
        {
            return Err(Error::RateLimited(wait));
        }
        let (network_changes, policy) = (self.network_changes.clone(), self.policy);
        let (user_id, jkt) = (claims.user_id, claims.jkt().map(str::to_owned));
        let exchange = Exchange { user_id, presented, jkt, device: device.clone(), network_changes, policy };
        let is_ended = self.cache.is_ended(claims.sid);
        let expected = exchange.expected(claims.sid, self.clock.now()).filter(|_| !is_ended).map(|rotation| (rotation, Outcome::Rotated));
        let clock = self.clock.clone();
        let decide = move |row: &Model, account: &Account| match exchange.decide(row, account, clock.now()) {
            (Outcome::Refused, _) => (Outcome::Refused, None),
            _ if is_ended => (Outcome::RevocationLost, None),
            decided => decided,
        };
        let epoch = self.cache.epoch();
        let (sessions, client) = (self.clone(), device.clone());
        // To completion: a thief that disconnects, or an answer that takes too long, must not prevent the revocation.
        let exchange = run_to_completion(async move {
            let exchanged = sessions.store.exchange(claims.sid, expected, decide).await?.ok_or_else(|| sessions.refused())?;
            if let Outcome::Revoked(row) = &exchanged.decision {
                sessions.revoke_stolen(row, REPLACED, presented.generation, &client).await?;
            }
            Ok(exchanged)
        });
        // After this time the request fails, and the exchange continues in its task.
        let exchanged = timeout(MAX_WAIT, exchange).await.unwrap_or_else(|_| Err(Error::Busy("the database is locked".into())))?;
        let outcome = match exchanged.decision {
            Outcome::Rotated => "rotated",
            Outcome::Repeated => "repeated",
            Outcome::Superseded => "superseded",
            Outcome::RotatedAhead(row) => {
                // The cached entry admits access tokens that the row refuses from now on. Other nodes admit them until theirs expires.
                self.cache.invalidate(SessionSelector::One(claims.sid));
                warn!(session = %claims.sid, presented = claims.generation, row, "a row is older than its token: the database lost commits");
                "rotated"
            }
            Outcome::Revoked(_) => return Err(Error::InvalidGrant),
            Outcome::Refused => return Err(self.refused()),
            Outcome::RevocationLost => {
                self.end_again(claims.sid, claims.user_id, device).await?;
                return Err(self.refused());
            }
            Outcome::ReusedAttempt => {
                self.metrics.refresh("refused");
                return Err(Error::InvalidRequest("Each refresh token needs an attempt id of its own."));
            }
        };
        self.metrics.refresh(outcome);
        let session = exchanged.session;
        // The first use of the new access token then needs no query.
        self.cache.insert(epoch, session.id, CachedSession { user_id: session.user_id, access: session.access });
        Ok(self.tokens.issue(&session, &exchanged.username, self.clock.now())?)
    }

    /// Whether the token would end its session.
    async fn is_reuse(&self, session: Uuid, presented: &Presented) -> Result<bool, Error> {
        let row = self.read_serialized(session).await?;
        let is_revoked =
            |row: Model| decide(presented, &row.state(), self.clock.now(), millis(self.policy.reuse_leeway)) == Decision::Revoke;
        Ok(row.is_some_and(is_revoked))
    }

    fn refused(&self) -> Error {
        self.metrics.refresh("refused");
        Error::InvalidGrant
    }
}
