//! Exchanging a refresh token for the next pair.

use super::{
    end::Reused,
    service::{MAX_WAIT, Policy, Sessions},
};
use crate::{
    attempt::{Attempt, presenter},
    claims::Claims,
    clock::{Millis, millis},
    device::Device,
    error::Error,
    limiter::Limiter,
    network::client_network,
    rotation::{Decision, Lineage, Presented, decide},
    session_cache::CachedSession,
    store::{
        Account, Advance, LastClient, Rotation,
        audit::{Entry, Event},
        session::{Model, SessionSelector},
    },
    task::run_to_completion,
};
use tokio::time::timeout;
use tracing::warn;
use uuid::Uuid;
use wugan_wire::TokenAnswer;

/// The outcome of a refresh.
enum Outcome {
    Rotated,
    /// The token was later than its row, which was of this generation.
    RotatedAhead(i64),
    Repeated,
    Superseded,
    Revoked(Box<Model>),
    Refused,
    ReusedAttempt,
    /// This node remembers that the session has ended, and its row is live.
    LiveAgain,
}

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
        let is_ended = self.cache.is_ended(claims.sid);
        let decide = {
            let (clock, policy, device, jkt) = (self.clock.clone(), self.policy, device.clone(), claims.jkt().map(str::to_owned));
            let network_changes = self.network_changes.clone();
            move |row: &Model, account: &Account| {
                if row.user_id != claims.user_id || row.jkt != jkt || account.is_disabled {
                    return (Outcome::Refused, None);
                }
                if is_ended && row.revoked_at.is_none() {
                    return (Outcome::LiveAgain, None);
                }
                decide_refresh(&presented, row, &device, &network_changes, clock.now(), policy)
            }
        };
        let expected =
            self.expected_rotation(&claims, &presented, device).filter(|_| !is_ended).map(|rotation| (rotation, Outcome::Rotated));
        let epoch = self.cache.epoch();
        let (sessions, client, generation) = (self.clone(), device.clone(), claims.generation);
        // To completion: a thief that disconnects, or an answer that takes too long, must not prevent the revocation.
        let exchange = run_to_completion(async move {
            let exchanged = sessions.store.exchange(claims.sid, expected, decide).await?.ok_or_else(|| sessions.refused())?;
            if let Outcome::Revoked(row) = &exchanged.decision {
                sessions.revoke_stolen(row, Reused::Refresh(generation), &client).await?;
            }
            Ok(exchanged)
        });
        // The exchange goes on after that.
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
            Outcome::LiveAgain => {
                self.end_again(claims.sid, claims.user_id, device).await?;
                return Err(self.refused());
            }
            Outcome::ReusedAttempt => {
                self.metrics.refresh("refused");
                return Err(Error::InvalidRequest("attempt must be another one for each refresh token."));
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
        let row = self.read_in_turn(session).await?;
        let is_revoked =
            |row: Model| decide(presented, &row.state(), self.clock.now(), millis(self.policy.reuse_leeway)) == Decision::Revoke;
        Ok(row.is_some_and(is_revoked))
    }

    /// The rotation for a row in the usual state.
    fn expected_rotation(&self, claims: &Claims, presented: &Presented, device: &Device) -> Option<Rotation> {
        let (id, user_id, jkt) = (claims.sid, claims.user_id, claims.jkt().map(str::to_owned));
        let (now, Presented { generation, presenter, .. }) = (self.clock.now(), *presented);
        let expires_at = self.policy.expiry(now, now);
        let started_after = now.saturating_add(millis(self.policy.refresh_ttl)).saturating_sub(millis(self.policy.session_ttl));
        let is_possible = (0..i64::MAX).contains(&generation) && self.policy.refresh_ttl <= self.policy.session_ttl;
        is_possible.then(|| Rotation {
            id,
            user_id,
            generation,
            presenter,
            jkt,
            client: last_client(device),
            now,
            expires_at,
            started_after,
        })
    }

    fn refused(&self) -> Error {
        self.metrics.refresh("refused");
        Error::InvalidGrant
    }
}

fn last_client(device: &Device) -> LastClient {
    LastClient { user_agent: device.stored_agent(), address: device.address() }
}

fn decide_refresh(
    presented: &Presented,
    row: &Model,
    device: &Device,
    network_changes: &Limiter,
    now: Millis,
    policy: Policy,
) -> (Outcome, Option<Advance>) {
    let state = row.state();
    let advance = |lineage: &Lineage| Advance::to(row, lineage, last_client(device), now, policy.expiry(row.created_at, now));
    match decide(presented, &state, now, millis(policy.reuse_leeway)) {
        Decision::Rotate => {
            let advance = advance(&state.lineage.rotated(presented));
            let entry = |detail| Entry { session_id: Some(row.id), detail: Some(detail), ..device.entry(Some(row.user_id)) };
            if presented.generation > row.generation {
                // The database lost commits, in a failover or a restored backup.
                let detail = format!("the token is of generation {}, the row was at {}", presented.generation, row.generation);
                return (Outcome::RotatedAhead(row.generation), Some(advance.recorded(Event::RowBehindToken, entry(detail))));
            }
            let before = moved_from(row, device).filter(|_| network_changes.take(row.id, now).is_ok());
            let advance = match before {
                Some(before) => advance.recorded(Event::NetworkChanged, entry(format!("the session was used from {before} before"))),
                None => advance,
            };
            (Outcome::Rotated, Some(advance))
        }
        Decision::Repeat => (Outcome::Repeated, None),
        Decision::Supersede => (Outcome::Superseded, Some(advance(&state.lineage.superseded(presented.presenter)).while_unused())),
        Decision::Revoke => (Outcome::Revoked(Box::new(row.clone())), None),
        Decision::Refuse => (Outcome::Refused, None),
        Decision::ReusedAttempt => (Outcome::ReusedAttempt, None),
    }
}

/// The address before this one, if it is of another network.
fn moved_from<'a>(row: &'a Model, device: &Device) -> Option<&'a str> {
    let before = row.last_ip.as_deref().or(row.ip.as_deref())?;
    let network = client_network(before.parse().ok()?);
    (network != device.network()?).then_some(before)
}
