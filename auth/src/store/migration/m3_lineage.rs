//! The lineage of a session's current generation: parent, presenters, superseded generations.
//!
//! Existing rows, and rows that a server of version 0.1 writes, get the defaults. These say that the lineage was written for generation -1,
//! which no row has, so that such a row counts as one without a lineage (see `Lineage::continued_to`).

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m3_lineage"
    }
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    LineageGeneration,
    Parent,
    RotatedBy,
    Grandparent,
    ParentRotatedBy,
    Superseded,
    AccessFloor,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for mut column in [
            ColumnDef::new(Sessions::LineageGeneration).big_integer().not_null().default(-1).to_owned(),
            ColumnDef::new(Sessions::Parent).big_integer().not_null().default(-1).to_owned(),
            ColumnDef::new(Sessions::RotatedBy).string_len(23).to_owned(),
            ColumnDef::new(Sessions::Grandparent).big_integer().to_owned(),
            ColumnDef::new(Sessions::ParentRotatedBy).string_len(23).to_owned(),
            ColumnDef::new(Sessions::Superseded).big_integer().not_null().default(0).to_owned(),
            ColumnDef::new(Sessions::AccessFloor).big_integer().not_null().default(0).to_owned(),
        ] {
            // One statement each: SQLite adds one column at a time.
            if !manager.has_column("sessions", column.get_column_name()).await? {
                manager.alter_table(Table::alter().table(Sessions::Table).add_column(&mut column).to_owned()).await?;
            }
        }
        Ok(())
    }
}
