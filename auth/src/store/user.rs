//! The table of accounts.

use crate::clock::Millis;
use sea_orm::{ActiveValue::Set, SqlErr, entity::prelude::*, sea_query::Expr};
use std::fmt;

/// A row of `users`. Its `Debug` shows no hash.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Assigned by the database. It is not reused, unless the database lost commits (failover, restored backup).
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The name as it was registered.
    pub username: String,
    /// The name in the form in which names are compared.
    #[sea_orm(unique)]
    pub name_key: String,
    /// A PHC string; empty for an account without a password.
    pub password_hash: String,
    /// When the account was created.
    pub created_at: Millis,
    /// When the last session was started.
    pub last_login_at: Option<Millis>,
    /// Since when sign-ins and refreshes are refused.
    pub disabled_at: Option<Millis>,
    /// The SHA-256 of the one-time code for a new password.
    pub reset_hash: Option<String>,
    /// When that code expires.
    pub reset_expires_at: Option<Millis>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("username", &self.username).finish_non_exhaustive()
    }
}

/// Sessions refer to accounts; see `session`.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A new account; `None` if the name is taken.
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

/// Records a sign-in and locks the row until the transaction ends, so that a password change or a deletion happens completely before or
/// completely after the new session. False if the password hash differs from that in `user`, or the account is disabled or deleted.
pub async fn record_login(tx: &impl ConnectionTrait, user: &Model, now: Millis) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::LastLoginAt, Expr::value(now))
        .filter(Column::Id.eq(user.id))
        .filter(Column::PasswordHash.eq(&user.password_hash))
        .filter(Column::DisabledAt.is_null());
    Ok(update.exec(tx).await?.rows_affected == 1)
}

/// Replaces the password hash and discards a one-time code. False if hash or code differ from those in `user`.
pub async fn replace_hash(db: &impl ConnectionTrait, user: &Model, hash: &str) -> Result<bool, DbErr> {
    let code = match &user.reset_hash {
        Some(code) => Column::ResetHash.eq(code),
        None => Column::ResetHash.is_null(),
    };
    let update = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(hash))
        .col_expr(Column::ResetHash, Expr::value(None::<String>))
        .col_expr(Column::ResetExpiresAt, Expr::value(None::<Millis>))
        .filter(Column::Id.eq(user.id))
        .filter(Column::PasswordHash.eq(&user.password_hash))
        .filter(code);
    Ok(update.exec(db).await?.rows_affected == 1)
}

/// Sets the one-time code for a new password, in place of one that was made before.
pub async fn set_reset(db: &impl ConnectionTrait, id: i64, hash: &str, expires_at: Millis) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::ResetHash, Expr::value(hash))
        .col_expr(Column::ResetExpiresAt, Expr::value(expires_at))
        .filter(Column::Id.eq(id));
    update.exec(db).await.map(drop)
}

/// Disables an account since then, or enables it.
pub async fn set_disabled(db: &impl ConnectionTrait, id: i64, since: Option<Millis>) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::DisabledAt, Expr::value(since)).filter(Column::Id.eq(id));
    update.exec(db).await.map(drop)
}

/// Deletes the account if its hash is the one in `user`. A sign-in that holds the row's lock is waited for.
pub async fn delete(db: &impl ConnectionTrait, user: &Model) -> Result<bool, DbErr> {
    let delete = Entity::delete_many().filter(Column::Id.eq(user.id)).filter(Column::PasswordHash.eq(&user.password_hash));
    Ok(delete.exec(db).await?.rows_affected == 1)
}
