//! The audit trail: sign-ins with their addresses, ended sessions and the reasons. No row holds a password, a token or a hash.

use crate::clock::Millis;
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*};

/// How many rows one statement inserts. Each has eight parameters, and SQLite allows 32 766.
const BATCH: usize = 500;

/// A row of `audit`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    /// Assigned by the database.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When it happened.
    pub at: Millis,
    /// The name of an [`Event`].
    pub event: String,
    /// The account, if it is known.
    pub user_id: Option<i64>,
    /// The session, if the event is about one.
    pub session_id: Option<Uuid>,
    /// The client's address.
    pub ip: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// Details for a reader.
    pub detail: Option<String>,
}

/// The trail has no foreign keys: it outlives accounts and sessions.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An account was created.
    Registered,
    /// A session began.
    SignedIn,
    /// A name was unknown, a password wrong, or an account disabled.
    SignInRefused,
    /// Sessions were ended by their user.
    SessionsEnded,
    /// A replaced refresh token was presented, and its session ended.
    ReuseDetected,
    /// A refresh token was later than its row, which therefore lost commits. The session went on from the token.
    RowBehindToken,
    /// The password was changed, and all older sessions ended.
    PasswordChanged,
    /// The account was deleted, by its user unless the details name the operator.
    AccountDeleted,
    /// The password was set with a one-time code, and all older sessions ended.
    PasswordReset,
    /// An operator made a one-time code for a new password.
    ResetCodeMade,
    /// A refresh came from another network than the one before.
    NetworkChanged,
    /// An operator disabled the account.
    UserDisabled,
    /// An operator enabled a disabled account.
    UserEnabled,
    /// An operator ended sessions.
    EndedByOperator,
}

impl Event {
    /// The event's name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::SignedIn => "signed_in",
            Self::SignInRefused => "sign_in_refused",
            Self::SessionsEnded => "sessions_ended",
            Self::ReuseDetected => "reuse_detected",
            Self::RowBehindToken => "row_behind_token",
            Self::PasswordChanged => "password_changed",
            Self::AccountDeleted => "account_deleted",
            Self::PasswordReset => "password_reset",
            Self::ResetCodeMade => "reset_code_made",
            Self::NetworkChanged => "network_changed",
            Self::UserDisabled => "user_disabled",
            Self::UserEnabled => "user_enabled",
            Self::EndedByOperator => "ended_by_operator",
        }
    }
}

/// The fields of a new row.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The account.
    pub user_id: Option<i64>,
    /// The session.
    pub session_id: Option<Uuid>,
    /// The client's address.
    pub ip: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// Details for a reader.
    pub detail: Option<String>,
}

/// How many sessions were ended, for a reader.
#[must_use]
pub fn sessions_ended(count: u64) -> String {
    format!("{count} session{} ended", if count == 1 { "" } else { "s" })
}

/// Records an event, in the transaction of the change that it is about where there is one.
pub async fn record(db: &impl ConnectionTrait, event: Event, entry: Entry, now: Millis) -> Result<(), DbErr> {
    Entity::insert(row(event, entry, now)).exec_without_returning(db).await.map(drop)
}

/// Records events of one kind, each with its time.
pub async fn record_all(db: &impl ConnectionTrait, event: Event, entries: &[(Millis, Entry)]) -> Result<(), DbErr> {
    for batch in entries.chunks(BATCH) {
        let rows = batch.iter().map(|(at, entry)| row(event, entry.clone(), *at));
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

fn row(event: Event, entry: Entry, now: Millis) -> ActiveModel {
    ActiveModel {
        at: Set(now),
        event: Set(event.name().into()),
        user_id: Set(entry.user_id),
        session_id: Set(entry.session_id),
        ip: Set(entry.ip),
        user_agent: Set(entry.user_agent),
        detail: Set(entry.detail),
        ..Default::default()
    }
}

/// The events since `then`, the newest first; at most `limit`.
pub async fn since(db: &impl ConnectionTrait, then: Millis, user: Option<i64>, limit: u64) -> Result<Vec<Model>, DbErr> {
    let find = Entity::find().filter(Column::At.gte(then)).order_by_desc(Column::At).order_by_desc(Column::Id).limit(limit);
    let find = match user {
        Some(user) => find.filter(Column::UserId.eq(user)),
        None => find,
    };
    find.all(db).await
}

/// Deletes at most `limit` events from before `before`. Returns their number.
pub async fn purge(db: &impl ConnectionTrait, before: Millis, limit: u64) -> Result<u64, DbErr> {
    let ids: Vec<i64> =
        Entity::find().select_only().column(Column::Id).filter(Column::At.lt(before)).limit(limit).into_tuple().all(db).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    Ok(Entity::delete_many().filter(Column::Id.is_in(ids)).exec(db).await?.rows_affected)
}
