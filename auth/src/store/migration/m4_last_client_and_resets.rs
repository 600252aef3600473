//! The client of a session's last refresh, one-time codes for a password reset, and no index that changes with each rotation.
//!
//! A session ends at the latest a fixed time after `created_at`, so expired rows are found by that column. With an index on `expires_at`
//! PostgreSQL could make no rotation a heap-only update.

use super::steps::{add_column, create_index};
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer_null, string_len_null},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "sessions", string_len_null("last_user_agent", 255)).await?;
        add_column(manager, "sessions", string_len_null("last_ip", 45)).await?;
        add_column(manager, "users", string_len_null("reset_hash", 43)).await?;
        add_column(manager, "users", big_integer_null("reset_expires_at")).await?;
        create_index(manager, "users", "users_by_reset", "reset_hash").await?;
        create_index(manager, "sessions", "sessions_by_start", "created_at").await?;
        if manager.has_index("sessions", "sessions_by_end").await? {
            manager.drop_index(Index::drop().name("sessions_by_end").table("sessions").to_owned()).await?;
        }
        Ok(())
    }
}
