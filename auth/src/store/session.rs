//! The table of sessions: one row each, regardless of the number of refreshes. Every change is one conditional UPDATE.

use crate::{
    clock::Millis,
    rotation::{AccessState, Lineage, Presenter, State},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{
    IntoActiveModel, QueryOrder, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Asterisk, Expr, Func, Query, SimpleExpr},
};

/// A row of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// Random; the claim `sid` of every token of the session.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account.
    pub user_id: i64,
    /// The generation of the current refresh token, counted from 0.
    pub generation: i64,
    /// The newest generation whose access token was used while it was the current one; -1 before the first.
    #[sea_orm(column_name = "confirmed")]
    pub last_used_generation: i64,
    /// When the current generation was made.
    pub rotated_at: Millis,
    /// When the session was started.
    pub created_at: Millis,
    /// When the current generation was made or, if its access token was used, when that was first used.
    pub last_used_at: Millis,
    /// When the session expires unless it is refreshed.
    pub expires_at: Millis,
    /// When the session was ended.
    pub revoked_at: Option<Millis>,
    /// The client's `User-Agent` at sign-in.
    pub user_agent: Option<String>,
    /// The client's address at sign-in.
    pub ip: Option<String>,
    /// The client's `User-Agent` at the last refresh; `None` before the first.
    pub last_user_agent: Option<String>,
    /// The client's address at the last refresh; `None` before the first.
    pub last_ip: Option<String>,
    /// The generation for which the columns below were written. Another than `generation` where a server of version 0.1 rotated since.
    pub lineage_generation: i64,
    /// See [`Lineage::parent`].
    pub parent: i64,
    /// See [`Lineage::rotated_by`].
    pub rotated_by: Option<String>,
    /// See [`Lineage::grandparent`].
    pub grandparent: Option<i64>,
    /// See [`Lineage::parent_rotated_by`].
    pub parent_rotated_by: Option<String>,
    /// See [`Lineage::superseded`]; the same bits.
    pub superseded: i64,
    /// See [`Lineage::access_floor`].
    pub access_floor: i64,
    /// The thumbprint of the key that the session is bound to (RFC 9449 §6.1); `None` for Bearer tokens.
    pub jkt: Option<String>,
}

/// No relation is used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row as the rotation rules need it.
    #[must_use]
    pub fn state(&self) -> State {
        let is_used = self.last_used_generation >= self.generation;
        State {
            lineage: self.lineage(),
            first_used_at: is_used.then_some(self.last_used_at),
            expires_at: self.expires_at,
            revoked: self.revoked_at.is_some(),
        }
    }

    fn lineage(&self) -> Lineage {
        let written = Lineage {
            generation: self.lineage_generation,
            parent: self.parent,
            rotated_by: self.rotated_by.as_deref().and_then(read_presenter),
            grandparent: self.grandparent,
            parent_rotated_by: self.parent_rotated_by.as_deref().and_then(read_presenter),
            superseded: self.superseded.cast_unsigned(),
            access_floor: self.access_floor,
        };
        if self.lineage_generation == self.generation { written } else { written.continued_to(self.generation) }
    }

    /// What tokens and the cache need of it.
    #[must_use]
    pub fn current(&self) -> Current {
        let Self { id, user_id, generation, rotated_at, expires_at, .. } = *self;
        Current { id, user_id, generation, rotated_at, expires_at, access: self.state().access(), jkt: self.jkt.clone() }
    }

    pub(crate) fn with_lineage(self, lineage: &Lineage) -> Self {
        Self {
            generation: lineage.generation,
            lineage_generation: lineage.generation,
            parent: lineage.parent,
            rotated_by: lineage.rotated_by.map(write_presenter),
            grandparent: lineage.grandparent,
            parent_rotated_by: lineage.parent_rotated_by.map(write_presenter),
            superseded: lineage.superseded.cast_signed(),
            access_floor: lineage.access_floor,
            ..self
        }
    }
}

/// The present state of a session, without its history and its clients.
#[derive(Clone, Debug)]
pub struct Current {
    /// See [`Model::id`].
    pub id: Uuid,
    /// See [`Model::user_id`].
    pub user_id: i64,
    /// See [`Model::generation`].
    pub generation: i64,
    /// See [`Model::rotated_at`].
    pub rotated_at: Millis,
    /// See [`Model::expires_at`].
    pub expires_at: Millis,
    /// The generations whose access tokens are accepted.
    pub access: AccessState,
    /// See [`Model::jkt`].
    pub jkt: Option<String>,
}

/// A presenter in 23 characters: the kind, and the hash.
pub(crate) fn write_presenter(presenter: Presenter) -> String {
    let (kind, hash) = match presenter {
        Presenter::Attempt(hash) => ('a', hash),
        Presenter::Client(hash) => ('c', hash),
    };
    format!("{kind}{}", BASE64_URL_SAFE_NO_PAD.encode(hash))
}

fn read_presenter(text: &str) -> Option<Presenter> {
    let (kind, hash) = text.split_at_checked(1)?;
    let hash = BASE64_URL_SAFE_NO_PAD.decode(hash).ok()?.try_into().ok()?;
    match kind {
        "a" => Some(Presenter::Attempt(hash)),
        "c" => Some(Presenter::Client(hash)),
        _ => None,
    }
}

/// Selects sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionSelector {
    /// The session of this id.
    One(Uuid),
    /// All sessions of this account except this one.
    Others(i64, Uuid),
    /// All sessions of this account.
    All(i64),
}

/// A new row.
pub async fn insert(db: &impl ConnectionTrait, session: Model) -> Result<(), DbErr> {
    Entity::insert(session.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

/// Ends sessions. Returns the number of those that were live.
pub async fn revoke(db: &impl ConnectionTrait, selector: SessionSelector, now: Millis) -> Result<u64, DbErr> {
    let update = Entity::update_many().col_expr(Column::RevokedAt, Expr::value(now)).filter(Column::RevokedAt.is_null());
    let update = match selector {
        SessionSelector::One(id) => update.filter(Column::Id.eq(id)),
        SessionSelector::Others(user, id) => update.filter(Column::UserId.eq(user)).filter(Column::Id.ne(id)),
        SessionSelector::All(user) => update.filter(Column::UserId.eq(user)),
    };
    let live = update.clone().filter(Column::ExpiresAt.gt(now)).exec(db).await?.rows_affected;
    let is_complete = live == 1 && matches!(selector, SessionSelector::One(_));
    if !is_complete {
        // Expired ones, too: if a row lost commits, later tokens of its session are valid after the time in the row.
        update.exec(db).await?;
    }
    Ok(live)
}

/// The account's live sessions, the last used first.
pub async fn live(db: &impl ConnectionTrait, user: i64, now: Millis) -> Result<Vec<Model>, DbErr> {
    find_live(user, now).order_by_desc(Column::LastUsedAt).limit(1000).all(db).await
}

fn find_live(user: i64, now: Millis) -> Select<Entity> {
    Entity::find().filter(Column::UserId.eq(user)).filter(Column::RevokedAt.is_null()).filter(Column::ExpiresAt.gt(now))
}

/// The addresses at which the account's live sessions were started.
pub async fn addresses(db: &impl ConnectionTrait, user: i64, now: Millis) -> Result<Vec<String>, DbErr> {
    find_live(user, now).select_only().column(Column::Ip).distinct().filter(Column::Ip.is_not_null()).into_tuple().all(db).await
}

/// Deletes all sessions of an account.
pub async fn delete_all(db: &impl ConnectionTrait, user: i64) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(db).await.map(drop)
}

/// If fewer sessions than this are old, their share of all sessions does not count.
const MANY_SESSIONS: u64 = 1000;
/// So many sessions of each kind are counted at most, so that the time of a count is bounded.
const MOST_COUNTED: u64 = 100_000;

/// Whether at least `MANY_SESSIONS` sessions were started before this time, and fewer later. Each are counted up to `MOST_COUNTED`.
pub async fn are_most_from_before(db: &impl ConnectionTrait, started_before: Millis) -> Result<bool, DbErr> {
    let old = count_at_most(db, Column::CreatedAt.lt(started_before), MOST_COUNTED).await?;
    Ok(old >= MANY_SESSIONS && count_at_most(db, Column::CreatedAt.gte(started_before), old).await? < old)
}

async fn count_at_most(db: &impl ConnectionTrait, condition: SimpleExpr, limit: u64) -> Result<u64, DbErr> {
    let rows = Entity::find().select_only().column(Column::CreatedAt).filter(condition).limit(limit).into_query();
    let count = Query::select().expr(Func::count(Expr::col(Asterisk))).from_subquery(rows, "counted").to_owned();
    let row = db.query_one(&count).await?.ok_or_else(|| DbErr::RecordNotFound("a count has one row".into()))?;
    Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs())
}

/// Deletes at most `limit` sessions of each kind: ended before `ended_before`, or started before `started_before`, after which a session
/// has expired. Returns their number.
pub async fn purge(db: &impl ConnectionTrait, ended_before: Millis, started_before: Millis, limit: u64) -> Result<u64, DbErr> {
    let mut deleted = 0;
    // Two statements, so that each uses its index.
    for condition in [Column::RevokedAt.lt(ended_before), Column::CreatedAt.lt(started_before)] {
        let ids: Vec<Uuid> = Entity::find().select_only().column(Column::Id).filter(condition).limit(limit).into_tuple().all(db).await?;
        if !ids.is_empty() {
            deleted += Entity::delete_many().filter(Column::Id.is_in(ids)).exec(db).await?.rows_affected;
        }
    }
    Ok(deleted)
}

/// Ends the account's sessions that were started first, except the `keep` latest. Returns the ids of those that were ended.
pub async fn revoke_oldest(db: &impl ConnectionTrait, user: i64, keep: u64, now: Millis) -> Result<Vec<Uuid>, DbErr> {
    // MySQL has no OFFSET without a LIMIT.
    let oldest = find_live(user, now).order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).offset(keep).limit(1000);
    let ids: Vec<Uuid> = oldest.select_only().column(Column::Id).into_tuple().all(db).await?;
    for id in &ids {
        revoke(db, SessionSelector::One(*id), now).await?;
    }
    Ok(ids)
}
