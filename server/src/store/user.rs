//! Accounts in the database.

use crate::clock::Millis;
use sea_orm::{ActiveValue::Set, DatabaseTransaction, QueryOrder, QuerySelect, SqlErr, entity::prelude::*, sea_query::Expr};
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

/// A row of `users`. Its `Debug` shows no hash.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Counted by the database, never given twice.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The name as it was registered.
    pub username: String,
    /// The name as it is compared.
    #[sea_orm(unique)]
    pub name_key: String,
    /// A PHC string.
    pub password_hash: String,
    /// When the account was made.
    pub created_at: Millis,
    /// When somebody last signed in to it.
    pub last_login_at: Option<Millis>,
    /// Since when nobody may sign in to it.
    pub disabled_at: Option<Millis>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("username", &self.username).finish_non_exhaustive()
    }
}

/// What a user has.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Sessions.
    #[sea_orm(has_many = "super::session::Entity")]
    Sessions,
}

impl Related<super::session::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Sessions.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// A new account, or `None` if the name is taken.
///
/// # Errors
/// The database is away or busy.
pub async fn insert(db: &impl ConnectionTrait, username: &str, key: &str, hash: String, now: Millis) -> Result<Option<Model>, DbErr> {
    let row = ActiveModel {
        username: Set(username.into()),
        name_key: Set(key.into()),
        password_hash: Set(hash),
        created_at: Set(now),
        ..Default::default()
    };
    match row.insert(db).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(None),
        inserted => inserted.map(Some),
    }
}

/// The account of that id.
///
/// # Errors
/// The database is away or busy.
pub async fn by_id(db: &impl ConnectionTrait, id: i64) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The account of that compared name.
///
/// # Errors
/// The database is away or busy.
pub async fn by_key(db: &impl ConnectionTrait, key: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::NameKey.eq(key)).one(db).await
}

/// Notes a sign-in and takes the row's lock until the transaction ends, so that a password change, a ban or a deletion happens
/// wholly before the new session or wholly after it. False if the account no longer is what the password was checked against.
///
/// # Errors
/// The database is away or busy.
pub async fn note_login(tx: &DatabaseTransaction, user: &Model, now: Millis) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::LastLoginAt, Expr::value(now))
        .filter(Column::Id.eq(user.id))
        .filter(Column::PasswordHash.eq(&user.password_hash))
        .filter(Column::DisabledAt.is_null());
    Ok(update.exec(tx).await?.rows_affected == 1)
}

/// Sets another hash, if the old one still stands.
///
/// # Errors
/// The database is away or busy.
pub async fn replace_hash(db: &impl ConnectionTrait, user: &Model, hash: &str) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(hash))
        .filter(Column::Id.eq(user.id))
        .filter(Column::PasswordHash.eq(&user.password_hash));
    Ok(update.exec(db).await?.rows_affected == 1)
}

/// Disables an account since then, or enables it.
///
/// # Errors
/// The database is away or busy.
pub async fn set_disabled(db: &impl ConnectionTrait, id: i64, since: Option<Millis>) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::DisabledAt, Expr::value(since)).filter(Column::Id.eq(id));
    update.exec(db).await.map(drop)
}

/// The names of those of these accounts that are there.
///
/// # Errors
/// The database is away or busy.
pub async fn names(db: &impl ConnectionTrait, ids: BTreeSet<i64>) -> Result<HashMap<i64, String>, DbErr> {
    let find = Entity::find().select_only().columns([Column::Id, Column::Username]).filter(Column::Id.is_in(ids));
    Ok(find.into_tuple::<(i64, String)>().all(db).await?.into_iter().collect())
}

/// All accounts, the oldest first.
///
/// # Errors
/// The database is away or busy.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::Id).all(db).await
}

/// Deletes the account if its hash still stands, and waits for whoever signs in to it at this moment. Its sessions are
/// [`session::delete_all`](super::session::delete_all)'s.
///
/// # Errors
/// The database is away or busy.
pub async fn delete(db: &impl ConnectionTrait, user: &Model) -> Result<bool, DbErr> {
    let delete = Entity::delete_many().filter(Column::Id.eq(user.id)).filter(Column::PasswordHash.eq(&user.password_hash));
    Ok(delete.exec(db).await?.rows_affected == 1)
}
