//! Accounts, and one row per session.

use super::index::create_index;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m1_accounts_and_sessions"
    }
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    Username,
    NameKey,
    PasswordHash,
    CreatedAt,
    LastLoginAt,
    DisabledAt,
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Id,
    UserId,
    Generation,
    Confirmed,
    RotatedAt,
    CreatedAt,
    LastUsedAt,
    ExpiresAt,
    RevokedAt,
    UserAgent,
    Ip,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(users(manager.get_database_backend())).await?;
        manager.create_table(sessions()).await?;
        for (name, column) in [
            ("sessions_by_user", Sessions::UserId),
            ("sessions_by_end", Sessions::ExpiresAt),
            ("sessions_by_revocation", Sessions::RevokedAt),
        ] {
            create_index(manager, "sessions", name, Index::create().name(name).table(Sessions::Table).col(column).to_owned()).await?;
        }
        Ok(())
    }
}

fn users(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table(Users::Table)
        .if_not_exists()
        .col(ColumnDef::new(Users::Id).big_integer().not_null().auto_increment().primary_key())
        .col(exact_text(backend, Users::Username, 128).not_null())
        .col(exact_text(backend, Users::NameKey, 128).not_null().unique_key())
        .col(exact_text(backend, Users::PasswordHash, 255).not_null())
        .col(ColumnDef::new(Users::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Users::LastLoginAt).big_integer())
        .col(ColumnDef::new(Users::DisabledAt).big_integer())
        .to_owned()
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table(Sessions::Table)
        .if_not_exists()
        .col(ColumnDef::new(Sessions::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Sessions::UserId).big_integer().not_null())
        .col(ColumnDef::new(Sessions::Generation).big_integer().not_null())
        .col(ColumnDef::new(Sessions::Confirmed).big_integer().not_null())
        .col(ColumnDef::new(Sessions::RotatedAt).big_integer().not_null())
        .col(ColumnDef::new(Sessions::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Sessions::LastUsedAt).big_integer().not_null())
        .col(ColumnDef::new(Sessions::ExpiresAt).big_integer().not_null())
        .col(ColumnDef::new(Sessions::RevokedAt).big_integer())
        .col(ColumnDef::new(Sessions::UserAgent).string_len(255))
        .col(ColumnDef::new(Sessions::Ip).string_len(45))
        .foreign_key(
            ForeignKey::create()
                .name("sessions_of_user")
                .from(Sessions::Table, Sessions::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// Text that is compared byte by byte. MySQL ignores case and accents by default.
fn exact_text(backend: DbBackend, name: Users, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match backend {
        DbBackend::MySql => column.custom(format!("varchar({length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")),
        _ => column.string_len(length),
    };
    column
}
