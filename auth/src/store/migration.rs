//! The schema as a list of migrations. A released migration is never changed.
//!
//! Only PostgreSQL rolls back a migration that fails half-way, so each creates what does not exist yet and drops what still exists.

mod m1_accounts_and_sessions;
mod m2_audit;
mod m3_lineage;
mod m4_last_client_and_resets;
mod m5_dpop;
mod steps;

use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait, DatabaseConnection, DbErr},
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

/// Each table, with a column that it has had from the first migration on.
const TABLES: [(&str, &str); 3] = [("users", "name_key"), ("sessions", "generation"), ("audit", "session_id")];

impl Migrator {
    /// Tables with the names of this library's that are another application's.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn foreign_tables(db: &DatabaseConnection) -> Result<Vec<&'static str>, DbErr> {
        let (manager, mut foreign) = (SchemaManager::new(db), Vec::new());
        for (table, column) in TABLES {
            if manager.has_table(table).await? && !manager.has_column(table, column).await? {
                foreign.push(table);
            }
        }
        Ok(foreign)
    }

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
