//! The database connection: SQLite, PostgreSQL or MySQL/MariaDB by URL, migrated to this version's schema.

use super::{
    connection::{begin, connect, server},
    error::StoreError,
    group::Group,
    migration::Migrator,
    sqlite::{self, File},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, QueryTrait};
use sea_orm_migration::MigratorTrait;
use std::time::Duration;
use tokio::time::sleep;

/// How often, and how often at most, a server tries again to open a database that another server may be migrating.
const MIGRATION_RETRY: Duration = Duration::from_millis(200);
const MAX_MIGRATION_RETRIES: u32 = 50;

/// The connections for reading and writing. Nothing relies on a lock that only some of the databases have: what must happen once is one
/// conditional UPDATE whose affected rows are counted, and what must happen together is one transaction.
///
/// On SQLite one connection writes, so that writers queue in order instead of polling for the file's lock.
#[derive(Clone)]
pub struct Store {
    read: DatabaseConnection,
    write: DatabaseConnection,
    /// SQLite's group commit. A database server has its own.
    group: Option<Group>,
}

impl Store {
    /// Connects and migrates.
    ///
    /// # Errors
    /// The database cannot be reached or written, or was migrated by a later version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let mut retries = 0;
        loop {
            match Self::open_once(url).await {
                Err(error) if error.may_be_a_race() && retries < MAX_MIGRATION_RETRIES => retries += 1,
                done => return done,
            }
            sleep(MIGRATION_RETRY).await;
        }
    }

    /// Connects to a database that was migrated to this version already, and creates nothing.
    ///
    /// # Errors
    /// The database cannot be reached, or is of another version.
    pub async fn open_existing(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect(url, File::MustExist).await?;
        match Migrator::get_pending_migrations_read_only(&store.read).await {
            Ok(pending) if pending.is_empty() => Ok(store),
            Ok(_) => Err(StoreError::Earlier),
            Err(_) => store.check_schema_version().await.map(|()| store),
        }
    }

    async fn open_once(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect(url, File::MayBeCreated).await?;
        store.check_schema_version().await?;
        Migrator::up(&store.write, None).await.map_err(StoreError::Migrate)?;
        Ok(store)
    }

    async fn connect(url: &str, file: File) -> Result<Self, StoreError> {
        Ok(match url.split(':').next() {
            Some("sqlite") => {
                sqlite::prepare(url, file)?;
                let write = connect(sqlite::writer(url, file)).await?;
                Self { read: connect(sqlite::readers(url, file)).await?, group: Some(Group::start(write.clone())), write }
            }
            Some("postgres" | "postgresql" | "mysql") => {
                let pool = connect(server(url)).await?;
                Self { read: pool.clone(), write: pool, group: None }
            }
            _ => return Err(StoreError::Scheme),
        })
    }

    async fn check_schema_version(&self) -> Result<(), StoreError> {
        let unknown = Migrator::unknown(&self.write).await.map_err(StoreError::Migrate)?;
        if unknown.is_empty() { Ok(()) } else { Err(StoreError::Later(unknown)) }
    }

    /// The connections that read.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// The connections that write single statements.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Executes one frequent statement; on SQLite it may share its commit with others. Returns the number of changed rows once they
    /// are durable.
    ///
    /// # Errors
    /// The database is away or busy.
    pub(super) async fn execute(&self, statement: impl QueryTrait) -> Result<u64, DbErr> {
        let statement = statement.build(self.write.get_database_backend());
        match &self.group {
            Some(group) => group.execute(statement).await,
            None => Ok(self.write.execute_raw(statement).await?.rows_affected()),
        }
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// The database is away or busy.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.write).await
    }

    /// Closes the connections, so that SQLite removes its write-ahead log.
    pub async fn close(&self) {
        let _ = self.read.clone().close().await;
        let _ = self.write.clone().close().await;
    }
}
