//! Decides one refresh request, without the database. `expected` returns the rotation for a row in the usual state: the session is live, the
//! request comes from the row's address and key with the current token and a new attempt id, and no token of the row was superseded or refused
//! by its generation. A database server writes it without reading the row, by an UPDATE with these conditions. `decide` needs the row. Where
//! both apply, their results are equal.

use super::service::Policy;
use crate::{
    clock::{Millis, millis},
    device::Device,
    limiter::Limiter,
    network::client_network,
    rotation::{Decision, Lineage, Presented, decide},
    store::{
        Account, Advance, LastClient, Rotation,
        audit::{Entry, Event},
        session::Model,
    },
};
use std::sync::Arc;
use uuid::Uuid;

/// The outcome of a refresh.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) enum Outcome {
    Rotated,
    /// The token was later than its row, which was of this generation.
    RotatedAhead(i64),
    Repeated,
    Superseded,
    Revoked(Box<Model>),
    Refused,
    ReusedAttempt,
    /// This node has ended the session, and the database lost that commit: the row is live.
    RevocationLost,
}

/// A refresh request.
#[cfg_attr(test, derive(Clone))]
pub(super) struct Exchange {
    /// The account that the token names.
    pub(super) user_id: i64,
    pub(super) presented: Presented,
    /// The key that the token is bound to.
    pub(super) jkt: Option<String>,
    pub(super) device: Device,
    pub(super) network_changes: Arc<Limiter>,
    pub(super) policy: Policy,
}

impl Exchange {
    /// The rotation for a row in the usual state.
    pub(super) fn expected(&self, id: Uuid, now: Millis) -> Option<Rotation> {
        let Presented { generation, presenter, .. } = self.presented;
        let Policy { refresh_ttl, session_ttl, .. } = self.policy;
        let is_possible = (0..i64::MAX).contains(&generation) && refresh_ttl <= session_ttl;
        is_possible.then(|| Rotation {
            id,
            user_id: self.user_id,
            generation,
            presenter,
            jkt: self.jkt.clone(),
            client: self.client(),
            now,
            expires_at: self.policy.expiry(now, now),
            started_after: now.saturating_add(millis(refresh_ttl)).saturating_sub(millis(session_ttl)),
        })
    }

    /// What to do, by the row.
    pub(super) fn decide(&self, row: &Model, account: &Account, now: Millis) -> (Outcome, Option<Advance>) {
        if row.user_id != self.user_id || row.jkt != self.jkt || account.is_disabled {
            return (Outcome::Refused, None);
        }
        let (state, presented) = (row.state(), &self.presented);
        let advance = |lineage: &Lineage| Advance::to(row, lineage, self.client(), now, self.policy.expiry(row.created_at, now));
        match decide(presented, &state, now, millis(self.policy.reuse_leeway)) {
            Decision::Rotate => {
                let advance = advance(&state.lineage.rotated(presented));
                let entry = |detail| Entry { session_id: Some(row.id), detail: Some(detail), ..self.device.entry(Some(row.user_id)) };
                if presented.generation > row.generation {
                    // The database lost commits, in a failover or a restored backup.
                    let detail = format!("the token is of generation {}, the row was at {}", presented.generation, row.generation);
                    return (Outcome::RotatedAhead(row.generation), Some(advance.recorded(Event::RowBehindToken, entry(detail))));
                }
                let before = moved_from(row, &self.device).filter(|_| self.network_changes.take(row.id, now).is_ok());
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

    fn client(&self) -> LastClient {
        LastClient { user_agent: self.device.stored_agent(), address: self.device.address() }
    }
}

/// The address before this one, if it is of another network.
fn moved_from<'a>(row: &'a Model, device: &Device) -> Option<&'a str> {
    let before = row.last_ip.as_deref().or(row.ip.as_deref())?;
    let network = client_network(before.parse().ok()?);
    (network != device.network()?).then_some(before)
}

#[cfg(test)]
mod tests;
