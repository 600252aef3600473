//! The lineage of a session's current generation: parent, presenters, superseded generations.
//!
//! Existing rows, and rows that a server of version 0.1 writes, get the defaults. These say that the lineage was written for generation -1,
//! which no row has, so that such a row counts as one without a lineage (see `Lineage::continued_to`).

use super::steps::add_column;
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, string_len_null},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            big_integer("lineage_generation").default(-1).take(),
            big_integer("parent").default(-1).take(),
            string_len_null("rotated_by", 23),
            big_integer_null("grandparent"),
            string_len_null("parent_rotated_by", 23),
            big_integer("superseded").default(0).take(),
            big_integer("access_floor").default(0).take(),
        ] {
            add_column(manager, "sessions", column).await?;
        }
        Ok(())
    }
}
