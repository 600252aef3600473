//! The schema as a list of migrations. A released migration is never changed.
//!
//! Only PostgreSQL rolls back a migration that fails half-way, so each creates what does not exist yet and drops what still exists.

mod index;
mod m1_accounts_and_sessions;
mod m2_audit;
mod m3_lineage;
mod m4_last_client_and_resets;
mod m5_dpop;

use sea_orm_migration::{
    MigrationTrait, MigratorTrait, async_trait,
    sea_orm::{ConnectionTrait, DbErr},
};

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m1_accounts_and_sessions::Migration),
            Box::new(m2_audit::Migration),
            Box::new(m3_lineage::Migration),
            Box::new(m4_last_client_and_resets::Migration),
            Box::new(m5_dpop::Migration),
        ]
    }
}

impl Migrator {
    /// Applied migrations that are unknown to this version.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn unknown<C: ConnectionTrait>(db: &C) -> Result<Vec<String>, DbErr> {
        let known = Self::migrations();
        let applied = Self::get_migration_models(db).await?;
        let versions = applied.into_iter().map(|migration| migration.version);
        Ok(versions.filter(|version| known.iter().all(|known| known.name() != version)).collect())
    }
}
