//! Adds columns and indexes that do not exist yet: MySQL has no `IF NOT EXISTS` for them.

use sea_orm_migration::prelude::*;

/// One column a statement: SQLite adds no more.
pub(super) async fn add_column(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    if manager.has_column(table, column.get_column_name()).await? {
        return Ok(());
    }
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}

pub(super) async fn create_index(manager: &SchemaManager<'_>, table: &'static str, name: &str, column: &'static str) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? {
        return Ok(());
    }
    manager.create_index(Index::create().name(name).table(table).col(column).to_owned()).await
}
