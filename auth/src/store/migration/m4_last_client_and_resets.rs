//! The client of a session's last refresh, one-time codes for a password reset, and no index that changes with each rotation.
//!
//! A session ends at the latest a fixed time after `created_at`, so expired rows are found by that column. With an index on `expires_at`
//! PostgreSQL could make no rotation a heap-only update.

use super::index::{create_index, drop_index};
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m4_last_client_and_resets"
    }
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    CreatedAt,
    LastUserAgent,
    LastIp,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    ResetHash,
    ResetExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            ("sessions", Sessions::Table.into_iden(), ColumnDef::new(Sessions::LastUserAgent).string_len(255).to_owned()),
            ("sessions", Sessions::Table.into_iden(), ColumnDef::new(Sessions::LastIp).string_len(45).to_owned()),
            ("users", Users::Table.into_iden(), ColumnDef::new(Users::ResetHash).string_len(43).to_owned()),
            ("users", Users::Table.into_iden(), ColumnDef::new(Users::ResetExpiresAt).big_integer().to_owned()),
        ];
        for (name, table, mut column) in columns {
            // One statement each: SQLite adds one column at a time.
            if !manager.has_column(name, column.get_column_name()).await? {
                manager.alter_table(Table::alter().table(table).add_column(&mut column).to_owned()).await?;
            }
        }
        for (table, name, index) in [
            ("users", "users_by_reset", Index::create().name("users_by_reset").table(Users::Table).col(Users::ResetHash).to_owned()),
            (
                "sessions",
                "sessions_by_start",
                Index::create().name("sessions_by_start").table(Sessions::Table).col(Sessions::CreatedAt).to_owned(),
            ),
        ] {
            create_index(manager, table, name, index).await?;
        }
        drop_index(manager, "sessions", "sessions_by_end").await
    }
}
