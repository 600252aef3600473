//! Sessions in the database: one row each, however often it is refreshed. Every change is one conditional UPDATE.

use super::{Store, user};
use crate::{clock::Millis, rotation::Standing};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*, sea_query::Expr};

/// A row of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// Random; part of every token of the session.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub user_id: i64,
    /// The generation of the current refresh token, counted from 0.
    pub generation: i64,
    /// The newest generation whose access token was used; -1 before the first.
    pub confirmed: i64,
    /// When the current generation was made.
    pub rotated_at: Millis,
    /// When it was signed in.
    pub created_at: Millis,
    /// When it was last seen at work: a rotation, or the first use of its access token.
    pub last_used_at: Millis,
    /// When it runs out unless it is refreshed.
    pub expires_at: Millis,
    /// When somebody ended it.
    pub revoked_at: Option<Millis>,
    /// What the browser called itself at sign-in.
    pub user_agent: Option<String>,
    /// The address it signed in from.
    pub ip: Option<String>,
}

/// What a session has.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// A user.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
}

impl Related<user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What the rotation rules look at.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing {
            generation: self.generation,
            confirmed: self.confirmed,
            rotated_at: self.rotated_at,
            expires_at: self.expires_at,
            revoked: self.revoked_at.is_some(),
        }
    }
}

/// Which of a user's sessions are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(Uuid),
    /// All of the user's but this one.
    Others(i64, Uuid),
    /// All of the user's.
    All(i64),
}

/// A new row.
///
/// # Errors
/// The database is away or busy.
pub async fn insert(db: &impl ConnectionTrait, session: Model) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(session.id),
        user_id: Set(session.user_id),
        generation: Set(session.generation),
        confirmed: Set(session.confirmed),
        rotated_at: Set(session.rotated_at),
        created_at: Set(session.created_at),
        last_used_at: Set(session.last_used_at),
        expires_at: Set(session.expires_at),
        revoked_at: Set(session.revoked_at),
        user_agent: Set(session.user_agent),
        ip: Set(session.ip),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// The session of that id.
///
/// # Errors
/// The database is away or busy.
pub async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The session of that id with the account it belongs to.
///
/// # Errors
/// The database is away or busy.
pub async fn with_user(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<(Model, user::Model)>, DbErr> {
    let found = Entity::find_by_id(id).find_also_related(user::Entity).one(db).await?;
    Ok(found.and_then(|(session, user)| Some((session, user?))))
}

/// Makes the next generation, unless somebody else did so first, or ended the session. Returns the session as it stands then.
///
/// # Errors
/// The database is away or busy.
pub async fn rotate(store: &Store, session: &Model, now: Millis, expires_at: Millis) -> Result<Option<Model>, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Generation, Expr::value(session.generation + 1))
        .col_expr(Column::RotatedAt, Expr::value(now))
        .col_expr(Column::LastUsedAt, Expr::value(now))
        .col_expr(Column::ExpiresAt, Expr::value(expires_at))
        .filter(Column::Id.eq(session.id))
        .filter(Column::Generation.eq(session.generation))
        .filter(Column::RevokedAt.is_null());
    let won = store.execute(update).await? == 1;
    Ok(won.then(|| Model { generation: session.generation + 1, rotated_at: now, last_used_at: now, expires_at, ..session.clone() }))
}

/// Notes that this generation's access token was used.
///
/// # Errors
/// The database is away or busy.
pub async fn confirm(store: &Store, id: Uuid, generation: i64, now: Millis) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Confirmed, Expr::value(generation))
        .col_expr(Column::LastUsedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::Confirmed.lt(generation));
    store.execute(update).await.map(drop)
}

/// Ends sessions. Returns how many of them were alive.
///
/// # Errors
/// The database is away or busy.
pub async fn revoke(db: &impl ConnectionTrait, which: Which, now: Millis) -> Result<u64, DbErr> {
    let update = Entity::update_many().col_expr(Column::RevokedAt, Expr::value(now)).filter(Column::RevokedAt.is_null());
    let update = match which {
        Which::One(id) => update.filter(Column::Id.eq(id)),
        Which::Others(user, id) => update.filter(Column::UserId.eq(user)).filter(Column::Id.ne(id)),
        Which::All(user) => update.filter(Column::UserId.eq(user)),
    };
    Ok(update.exec(db).await?.rows_affected)
}

/// The user's live sessions, the last used first.
///
/// # Errors
/// The database is away or busy.
pub async fn live(db: &impl ConnectionTrait, user: i64, now: Millis) -> Result<Vec<Model>, DbErr> {
    let find = Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .order_by_desc(Column::LastUsedAt)
        .limit(1000);
    find.all(db).await
}

/// The addresses from which the user's live sessions were signed in.
///
/// # Errors
/// The database is away or busy.
pub async fn addresses(db: &impl ConnectionTrait, user: i64, now: Millis) -> Result<Vec<String>, DbErr> {
    let live = Entity::find().filter(Column::UserId.eq(user)).filter(Column::RevokedAt.is_null()).filter(Column::ExpiresAt.gt(now));
    live.select_only().column(Column::Ip).distinct().filter(Column::Ip.is_not_null()).into_tuple().all(db).await
}

/// Deletes all of a user's sessions.
///
/// # Errors
/// The database is away or busy.
pub async fn delete_all(db: &impl ConnectionTrait, user: i64) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(db).await.map(drop)
}

/// Deletes at most that many sessions that ended before then. Returns how many it was.
///
/// # Errors
/// The database is away or busy.
pub async fn sweep(db: &impl ConnectionTrait, before: Millis, most: u64) -> Result<u64, DbErr> {
    let mut gone = 0;
    // Two plain conditions instead of one with OR, so that each uses its index.
    for ended in [Column::ExpiresAt.lt(before), Column::RevokedAt.lt(before)] {
        let ids: Vec<Uuid> = Entity::find().select_only().column(Column::Id).filter(ended).limit(most).into_tuple().all(db).await?;
        if !ids.is_empty() {
            gone += Entity::delete_many().filter(Column::Id.is_in(ids)).exec(db).await?.rows_affected;
        }
    }
    Ok(gone)
}
