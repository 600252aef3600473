//! The audit trail. It refers to accounts and sessions by id without a foreign key: it outlives them.

use super::steps::create_index;
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, big_pk_auto, string_len, string_len_null, uuid_null},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("audit")
            .if_not_exists()
            .col(big_pk_auto("id"))
            .col(big_integer("at"))
            .col(string_len("event", 32))
            .col(big_integer_null("user_id"))
            .col(uuid_null("session_id"))
            .col(string_len_null("ip", 45))
            .col(string_len_null("user_agent", 255))
            .col(string_len_null("detail", 255))
            .to_owned();
        manager.create_table(table).await?;
        create_index(manager, "audit", "audit_by_time", "at").await?;
        create_index(manager, "audit", "audit_by_user", "user_id").await
    }
}
