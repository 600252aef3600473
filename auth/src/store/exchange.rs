//! The frequent operations on one session: what a refresh reads and writes.

use super::{
    audit::{Entry, Event},
    session::{Current, Model, write_presenter},
};
use crate::{
    clock::Millis,
    rotation::{AccessState, Lineage, Presenter},
};
use sea_orm::{DbErr, RuntimeErr, Value};
use uuid::Uuid;

/// The account of a session, as far as a refresh needs it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The name as it was registered.
    pub username: String,
    /// Whether refreshes are refused.
    pub is_disabled: bool,
}

/// The client of a refresh, as the row keeps it.
#[derive(Clone, Debug)]
pub struct LastClient {
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// Its address.
    pub address: Option<String>,
}

/// A rotation by the current token from the row's address. A row in the usual state is written without being read. A row in any other state
/// is not changed; [`super::Store::exchange`] then reads it and decides.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The session.
    pub id: Uuid,
    /// The account that the token names.
    pub user_id: i64,
    /// The token's generation.
    pub generation: i64,
    /// The request's sender.
    pub presenter: Presenter,
    /// The key that the token is bound to.
    pub jkt: Option<String>,
    /// The client.
    pub client: LastClient,
    /// The time of the rotation.
    pub now: Millis,
    /// When the session expires afterwards, if it was started at `started_after` or later.
    pub expires_at: Millis,
    /// The earliest start for which `expires_at` holds.
    pub started_after: Millis,
}

impl Rotation {
    /// The values of the statement, by their order in it.
    pub(super) fn values(&self) -> Vec<Value> {
        let Self { id, user_id, generation, client: LastClient { user_agent, address }, now, expires_at, started_after, .. } = self;
        let presenter = write_presenter(self.presenter);
        // The attempt id as the row stores it; empty without one.
        let attempt = if matches!(self.presenter, Presenter::Attempt(_)) { presenter.clone() } else { String::new() };
        vec![
            (generation + 1).into(),
            (*now).into(),
            (*now).into(),
            (*expires_at).into(),
            user_agent.clone().into(),
            address.clone().into(),
            (generation + 1).into(),
            (*generation).into(),
            presenter.into(),
            (*id).into(),
            (*user_id).into(),
            (*generation).into(),
            (*generation).into(),
            (*now).into(),
            (*started_after).into(),
            address.clone().into(),
            address.clone().into(),
            self.jkt.clone().unwrap_or_default().into(),
            attempt.into(),
        ]
    }

    /// The session after the rotation.
    pub(crate) fn current(&self) -> Current {
        let generation = self.generation + 1;
        Current {
            id: self.id,
            user_id: self.user_id,
            generation,
            rotated_at: self.now,
            expires_at: self.expires_at,
            access: AccessState { generation, is_used: false, superseded: 0, access_floor: 0 },
            jkt: self.jkt.clone(),
        }
    }
}

/// The next state of a row. It is written only if the generation is still the row's, and the session is not ended.
#[derive(Clone, Debug)]
pub struct Advance {
    pub(super) from_generation: i64,
    /// Written only if the generation last used is older than this.
    pub(super) used_before: i64,
    pub(crate) next: Model,
    pub(crate) record: Option<(Event, Entry)>,
}

impl Advance {
    /// Advances to that lineage, for a refresh by this client.
    #[must_use]
    pub fn to(session: &Model, lineage: &Lineage, client: LastClient, now: Millis, expires_at: Millis) -> Self {
        let LastClient { user_agent: last_user_agent, address: last_ip } = client;
        let next = Model { rotated_at: now, last_used_at: now, expires_at, last_user_agent, last_ip, ..session.clone() };
        Self { from_generation: session.generation, used_before: i64::MAX, next: next.with_lineage(lineage), record: None }
    }

    /// Writes nothing if an access token of the current generation was used meanwhile.
    #[must_use]
    pub fn while_unused(self) -> Self {
        Self { used_before: self.from_generation, ..self }
    }

    /// The values of the statement, by their order in it.
    pub(super) fn values(&self) -> Vec<Value> {
        let next = self.next.clone();
        vec![
            next.generation.into(),
            next.rotated_at.into(),
            next.last_used_at.into(),
            next.expires_at.into(),
            next.last_user_agent.into(),
            next.last_ip.into(),
            next.lineage_generation.into(),
            next.parent.into(),
            next.rotated_by.into(),
            next.grandparent.into(),
            next.parent_rotated_by.into(),
            next.superseded.into(),
            next.access_floor.into(),
            next.id.into(),
            self.from_generation.into(),
            self.used_before.into(),
        ]
    }

    /// Records an event in the same transaction.
    #[must_use]
    pub fn recorded(self, event: Event, entry: Entry) -> Self {
        Self { record: Some((event, entry)), ..self }
    }
}

/// A decided exchange, which is durable.
#[derive(Debug)]
pub struct Exchanged<D> {
    /// The decision.
    pub decision: D,
    /// The session afterwards.
    pub session: Current,
    /// The name of its account.
    pub username: String,
}

/// A transient error: the caller may try again.
pub(super) fn unavailable(cause: impl Into<String>) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(cause.into()))
}
