//! The frequent operations on one session: what a refresh reads and writes.

use super::{
    audit::{Entry, Event},
    session::{Current, Model, write_presenter},
};
use crate::{
    clock::Millis,
    rotation::{AccessState, Lineage, Presenter},
};
use sea_orm::{DbErr, RuntimeErr};
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
    /// See `expires_at`.
    pub started_after: Millis,
}

impl Rotation {
    pub(super) fn presenter(&self) -> String {
        write_presenter(self.presenter)
    }

    /// The attempt id as the row stores it; empty without one.
    pub(super) fn attempt(&self) -> String {
        if matches!(self.presenter, Presenter::Attempt(_)) { self.presenter() } else { String::new() }
    }

    /// The session after the rotation.
    pub(super) fn current(&self) -> Current {
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
    pub(super) next: Model,
    pub(super) record: Option<(Event, Entry)>,
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
