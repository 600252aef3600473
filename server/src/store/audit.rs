//! The audit trail in the database: who signed in, from where, what was ended and why. No row holds a password, a token or a hash.

use crate::clock::Millis;
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*};

/// A row of `audit`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    /// Counted by the database.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When it happened.
    pub at: Millis,
    /// What happened; see [`Event`].
    pub event: String,
    /// Whose account it was, if that is known.
    pub user_id: Option<i64>,
    /// Which session it was, if it was one.
    pub session_id: Option<Uuid>,
    /// The address it came from.
    pub ip: Option<String>,
    /// What the browser called itself.
    pub user_agent: Option<String>,
    /// What else is to be known of it.
    pub detail: Option<String>,
}

/// Nothing refers to the trail, and it refers to nothing.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An account was made.
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
    /// The password was changed, and the other sessions ended.
    PasswordChanged,
    /// The account was deleted by its user.
    AccountDeleted,
    /// An operator disabled the account.
    UserDisabled,
    /// An operator enabled it again.
    UserEnabled,
    /// An operator ended sessions.
    EndedByOperator,
}

impl Event {
    /// Its name in the database.
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
            Self::UserDisabled => "user_disabled",
            Self::UserEnabled => "user_enabled",
            Self::EndedByOperator => "ended_by_operator",
        }
    }
}

/// What is written down.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Whose account it was.
    pub user_id: Option<i64>,
    /// Which session it was.
    pub session_id: Option<Uuid>,
    /// The address it came from.
    pub ip: Option<String>,
    /// What the browser called itself.
    pub user_agent: Option<String>,
    /// What else is to be known.
    pub detail: Option<String>,
}

/// Writes down what happened; in the transaction in which it happens, where there is one.
///
/// # Errors
/// The database is away or busy.
pub async fn note(db: &impl ConnectionTrait, event: Event, entry: Entry, now: Millis) -> Result<(), DbErr> {
    let row = ActiveModel {
        at: Set(now),
        event: Set(event.name().into()),
        user_id: Set(entry.user_id),
        session_id: Set(entry.session_id),
        ip: Set(entry.ip),
        user_agent: Set(entry.user_agent),
        detail: Set(entry.detail),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// What happened since then, the newest first.
///
/// # Errors
/// The database is away or busy.
pub async fn since(db: &impl ConnectionTrait, then: Millis, user: Option<i64>, most: u64) -> Result<Vec<Model>, DbErr> {
    let find = Entity::find().filter(Column::At.gte(then)).order_by_desc(Column::Id).limit(most);
    let find = match user {
        Some(user) => find.filter(Column::UserId.eq(user)),
        None => find,
    };
    find.all(db).await
}

/// Deletes at most that many rows from before then. Returns how many it was.
///
/// # Errors
/// The database is away or busy.
pub async fn sweep(db: &impl ConnectionTrait, before: Millis, most: u64) -> Result<u64, DbErr> {
    let ids: Vec<i64> =
        Entity::find().select_only().column(Column::Id).filter(Column::At.lt(before)).limit(most).into_tuple().all(db).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    Ok(Entity::delete_many().filter(Column::Id.is_in(ids)).exec(db).await?.rows_affected)
}
