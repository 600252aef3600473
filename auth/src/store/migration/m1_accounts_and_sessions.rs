//! Accounts, and one row per session.

use super::steps::create_index;
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, big_pk_auto, pk_uuid, string_len_null},
    sea_orm::DbBackend,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(users(manager.get_database_backend())).await?;
        manager.create_table(sessions()).await?;
        create_index(manager, "sessions", "sessions_by_user", "user_id").await?;
        create_index(manager, "sessions", "sessions_by_end", "expires_at").await?;
        create_index(manager, "sessions", "sessions_by_revocation", "revoked_at").await
    }
}

fn users(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table("users")
        .if_not_exists()
        .col(big_pk_auto("id"))
        .col(exact_text(backend, "username", 128).not_null())
        .col(exact_text(backend, "name_key", 128).not_null().unique_key())
        .col(exact_text(backend, "password_hash", 255).not_null())
        .col(big_integer("created_at"))
        .col(big_integer_null("last_login_at"))
        .col(big_integer_null("disabled_at"))
        .to_owned()
}

fn sessions() -> TableCreateStatement {
    let mut user = ForeignKey::create()
        .name("sessions_of_user")
        .from("sessions", "user_id")
        .to("users", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned();
    Table::create()
        .table("sessions")
        .if_not_exists()
        .col(pk_uuid("id"))
        .col(big_integer("user_id"))
        .col(big_integer("generation"))
        .col(big_integer("confirmed"))
        .col(big_integer("rotated_at"))
        .col(big_integer("created_at"))
        .col(big_integer("last_used_at"))
        .col(big_integer("expires_at"))
        .col(big_integer_null("revoked_at"))
        .col(string_len_null("user_agent", 255))
        .col(string_len_null("ip", 45))
        .foreign_key(&mut user)
        .to_owned()
}

/// Text that is compared byte by byte. MySQL ignores case and accents by default.
fn exact_text(backend: DbBackend, name: &'static str, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match backend {
        DbBackend::MySql => column.custom(format!("varchar({length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")),
        _ => column.string_len(length),
    };
    column
}
