//! The schema, step by step. What a released step makes is never changed: a later one changes what it made.
//!
//! A step may have been broken off half-way (only PostgreSQL would undo it), so each makes what is not there yet.

mod m1_accounts_and_sessions;
mod m2_audit;
mod m3_lineage;

use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait, DbErr},
    sea_query::IndexCreateStatement,
};

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m1_accounts_and_sessions::Migration), Box::new(m2_audit::Migration), Box::new(m3_lineage::Migration)]
    }
}

impl Migrator {
    /// Steps that the database has taken and this version does not know.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn unknown<C: ConnectionTrait>(db: &C) -> Result<Vec<String>, DbErr> {
        let known = Self::migrations();
        let taken = Self::get_migration_models(db).await?;
        Ok(taken.into_iter().map(|step| step.version).filter(|step| known.iter().all(|known| known.name() != step)).collect())
    }
}

/// Makes an index unless it is there: MySQL cannot say that in one statement.
async fn make_index(manager: &SchemaManager<'_>, table: &str, name: &str, index: IndexCreateStatement) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? { Ok(()) } else { manager.create_index(index).await }
}
