//! The schema, step by step. A step that was released is never changed: a later one changes what it made.

mod m1_accounts_and_sessions;
mod m2_audit;

use sea_orm_migration::{
    MigrationTrait, MigratorTrait, async_trait,
    sea_orm::{ConnectionTrait, DbErr},
};

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m1_accounts_and_sessions::Migration), Box::new(m2_audit::Migration)]
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
