//! The key that a session is bound to (RFC 9449).

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m5_dpop"
    }
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Jkt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column("sessions", "jkt").await? {
            return Ok(());
        }
        let column = ColumnDef::new(Sessions::Jkt).string_len(43).to_owned();
        manager.alter_table(Table::alter().table(Sessions::Table).add_column(column).to_owned()).await
    }
}
