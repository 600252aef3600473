//! Creating and dropping indexes without failing when that was done already: MySQL has no `IF NOT EXISTS` for them.

use sea_orm_migration::prelude::*;

pub(super) async fn create_index(manager: &SchemaManager<'_>, table: &str, name: &str, index: IndexCreateStatement) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? { Ok(()) } else { manager.create_index(index).await }
}

pub(super) async fn drop_index(manager: &SchemaManager<'_>, table: &str, name: &str) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? {
        manager.drop_index(Index::drop().name(name).table(Alias::new(table)).to_owned()).await
    } else {
        Ok(())
    }
}
