//! The audit trail. It refers to accounts and sessions by id without a foreign key: it outlives them.

use super::index::create_index;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m2_audit"
    }
}

#[derive(DeriveIden)]
enum Audit {
    Table,
    Id,
    At,
    Event,
    UserId,
    SessionId,
    Ip,
    UserAgent,
    Detail,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Audit::Table)
            .if_not_exists()
            .col(ColumnDef::new(Audit::Id).big_integer().not_null().auto_increment().primary_key())
            .col(ColumnDef::new(Audit::At).big_integer().not_null())
            .col(ColumnDef::new(Audit::Event).string_len(32).not_null())
            .col(ColumnDef::new(Audit::UserId).big_integer())
            .col(ColumnDef::new(Audit::SessionId).uuid())
            .col(ColumnDef::new(Audit::Ip).string_len(45))
            .col(ColumnDef::new(Audit::UserAgent).string_len(255))
            .col(ColumnDef::new(Audit::Detail).string_len(255))
            .to_owned();
        manager.create_table(table).await?;
        for (name, column) in [("audit_by_time", Audit::At), ("audit_by_user", Audit::UserId)] {
            create_index(manager, "audit", name, Index::create().name(name).table(Audit::Table).col(column).to_owned()).await?;
        }
        Ok(())
    }
}
