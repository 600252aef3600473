//! The database connection: SQLite, PostgreSQL or MySQL/MariaDB by URL, migrated to this version's schema.

#[cfg(test)]
use super::sql;
use super::{
    connection::{BUSY_TIMEOUT, OPERATION_TIMEOUT, begin, connect, server},
    discards::Discards,
    error::StoreError,
    exchange::{Account, Advance, Exchanged, Rotation, unavailable},
    migration::Migrator,
    server::Server,
    server_error::ServerError,
    session::Model,
    sqlite::{self, File, Sqlite, WriteLock},
};
use crate::{blocking::run_blocking, clock::Millis};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr};
use sea_orm_migration::MigratorTrait;
use std::{ops::Deref, pin::pin, time::Duration};
use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

/// The interval and the number of retries to open a database that another server may be migrating.
const MIGRATION_RETRY: Duration = Duration::from_millis(200);
const MAX_MIGRATION_RETRIES: u32 = 50;
/// How often a transaction is retried that lost to another one.
const MAX_CONFLICTS: u32 = 8;
const CONFLICT_PAUSE: Duration = Duration::from_millis(2);

/// A database. Only first uses ask for locked rows, by `FOR UPDATE SKIP LOCKED`. Otherwise a change that must happen once is a conditional
/// UPDATE whose affected rows are counted, and changes that must happen together are one transaction.
#[derive(Clone)]
pub struct Store {
    read: DatabaseConnection,
    write: DatabaseConnection,
    sessions: SessionStore,
    discards: Discards,
    /// On SQLite.
    write_lock: Option<WriteLock>,
}

/// The frequent operations.
#[derive(Clone)]
enum SessionStore {
    Sqlite(Sqlite),
    Server(Server),
}

/// A transaction that writes. Dropping it rolls it back.
pub struct Transaction {
    // Dropped in this order: the transaction ends before the lock is released.
    transaction: DatabaseTransaction,
    _write_lock: Option<OwnedMutexGuard<()>>,
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}

impl Transaction {
    /// Commits.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.transaction.commit().await
    }
}

impl Store {
    /// Connects, to a database server by at most that many connections, and migrates.
    ///
    /// # Errors
    /// The database cannot be reached or written, has tables of another application, or was migrated by a later version.
    pub async fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        let mut retries = 0;
        loop {
            match Self::open_once(url, connections).await {
                Err(error) if error.may_be_concurrent_migration() && retries < MAX_MIGRATION_RETRIES => retries += 1,
                done => return done,
            }
            sleep(MIGRATION_RETRY).await;
        }
    }

    /// Connects to a database that was migrated to this version already, and creates nothing.
    ///
    /// # Errors
    /// The database cannot be reached, or is of another version.
    pub async fn open_existing(url: &str, connections: u32) -> Result<Self, StoreError> {
        let store = Self::connect(url, File::MustExist, connections).await?;
        match Migrator::get_pending_migrations_read_only(&store.read).await {
            Ok(pending) if pending.is_empty() => Ok(store),
            Ok(_) => Err(StoreError::Earlier),
            Err(_) => store.check_schema_version().await.map(|()| store),
        }
    }

    async fn open_once(url: &str, connections: u32) -> Result<Self, StoreError> {
        let store = Self::connect(url, File::MayBeCreated, connections).await?;
        store.check_schema_version().await?;
        if store.write_lock.is_some() {
            // The mode is kept in the file, which until here could have been that of another application.
            store.write.execute_unprepared("PRAGMA journal_mode = WAL").await.map_err(StoreError::Migrate)?;
        }
        Migrator::up(&store.write, None).await.map_err(StoreError::Migrate)?;
        Ok(store)
    }

    async fn connect(url: &str, file: File, connections: u32) -> Result<Self, StoreError> {
        let discards = Discards::default();
        Ok(match url.split(':').next() {
            Some("sqlite") => {
                let given = url.to_owned();
                let path = run_blocking(move || sqlite::prepare(&given, file)).await?;
                let write = connect(sqlite::writer(url, file)).await?;
                let read = connect(sqlite::readers(url, file)).await?;
                let write_lock = WriteLock::default();
                let lock = write_lock.clone();
                let opened = run_blocking(move || Sqlite::open(&path, lock)).await;
                let sessions = SessionStore::Sqlite(opened.map_err(StoreError::Connect)?);
                Self { read, write, sessions, discards, write_lock: Some(write_lock) }
            }
            Some("postgres" | "postgresql" | "mysql") => {
                let frequent = connections / 2;
                let pool = connect(server(url, connections - frequent, &discards)).await?;
                let sessions = SessionStore::Server(Server::open(url, frequent, discards.clone()).map_err(StoreError::Connect)?);
                Self { read: pool.clone(), write: pool, sessions, discards, write_lock: None }
            }
            _ => return Err(StoreError::Scheme),
        })
    }

    async fn check_schema_version(&self) -> Result<(), StoreError> {
        let foreign = Migrator::foreign_tables(&self.write).await.map_err(StoreError::Migrate)?;
        if !foreign.is_empty() {
            return Err(StoreError::Foreign(foreign));
        }
        let unknown = Migrator::unknown(&self.write).await.map_err(StoreError::Migrate)?;
        if unknown.is_empty() { Ok(()) } else { Err(StoreError::Later(unknown)) }
    }

    /// The connections that read.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// The connections that write single statements, for tests.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Begins a transaction that writes.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let Some(write_lock) = self.write_lock.clone() else {
            return Ok(Transaction { transaction: begin(&self.write).await?, _write_lock: None });
        };
        let locked = async {
            let write_lock = Some(write_lock.lock_owned().await);
            Ok(Transaction { transaction: begin(&self.write).await?, _write_lock: write_lock })
        };
        timeout(BUSY_TIMEOUT, locked).await.unwrap_or_else(|_| Err(unavailable("the database is locked")))
    }

    /// Runs a transaction, and retries it if it lost to another one.
    pub(super) async fn transact<T, F>(&self, work: impl Fn(Transaction) -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let mut conflicts = 0;
        loop {
            let done = self.limited(async { work(self.begin().await?).await }).await;
            match done.as_ref().err().map(ServerError::of) {
                Some(ServerError::Conflict) if conflicts < MAX_CONFLICTS => conflicts += 1,
                Some(ServerError::ReadOnly | ServerError::Lost) => {
                    self.discards.discard();
                    return done;
                }
                _ => return done,
            }
            sleep(CONFLICT_PAUSE * conflicts).await;
        }
    }

    /// Runs an operation. On a database server it has a timeout, after which its connection is not used again.
    pub(super) async fn limited<T>(&self, operation: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.write_lock.is_some() {
            return operation.await;
        }
        let mut operation = pin!(operation);
        // The discard comes before the operation is dropped, which releases its connection.
        timeout(OPERATION_TIMEOUT, &mut operation).await.unwrap_or_else(|_| {
            self.discards.discard();
            Err(unavailable("the database does not answer"))
        })
    }

    /// Whether the database answers a query on its tables and, if it is a server, accepts writes.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        match &self.sessions {
            SessionStore::Sqlite(sqlite) => sqlite.probe().await,
            SessionStore::Server(server) => server.probe().await,
        }
    }

    /// The session of that id.
    pub async fn session(&self, id: Uuid) -> Result<Option<Model>, DbErr> {
        match &self.sessions {
            SessionStore::Sqlite(sqlite) => sqlite.session(id).await,
            SessionStore::Server(server) => server.session(id).await,
        }
    }

    /// Decides by a session's row and writes the decision, atomically. `None` if there is no such session. `expected` is what `decide`
    /// returns for a row in the usual state, so that a database server need not read the row first.
    pub async fn exchange<D: Send + 'static>(
        &self,
        id: Uuid,
        expected: Option<(Rotation, D)>,
        decide: impl Fn(&Model, &Account) -> (D, Option<Advance>) + Send + Sync + 'static,
    ) -> Result<Option<Exchanged<D>>, DbErr> {
        match &self.sessions {
            SessionStore::Sqlite(sqlite) => sqlite.exchange(id, decide).await,
            SessionStore::Server(server) => server.exchange(id, expected, decide).await,
        }
    }

    /// Executes the statement of a rotation alone. On SQLite, only this test uses it.
    #[cfg(test)]
    pub(crate) async fn rotate(&self, rotation: &Rotation) -> Result<bool, DbErr> {
        match &self.sessions {
            SessionStore::Sqlite(_) => self.execute(sql::ROTATE_SQLITE, rotation.values()).await,
            SessionStore::Server(server) => server.rotate(rotation).await.map(|name| name.is_some()),
        }
    }

    /// Executes the statement of a decision alone.
    #[cfg(test)]
    pub(crate) async fn advance(&self, advance: &Advance) -> Result<bool, DbErr> {
        match &self.sessions {
            SessionStore::Sqlite(_) => self.execute(sql::ADVANCE, advance.values()).await,
            SessionStore::Server(server) => server.write(advance).await,
        }
    }

    #[cfg(test)]
    async fn execute(&self, text: &str, values: Vec<sea_orm::Value>) -> Result<bool, DbErr> {
        let statement = sea_orm::Statement::from_sql_and_values(sea_orm::DbBackend::Sqlite, text, values);
        Ok(self.write.execute_raw(statement).await?.rows_affected() == 1)
    }

    /// Records the first use of the current generation's access token. `false`: the row must be read, because another request may have
    /// recorded it, or the generation may not be the current one.
    pub async fn record_first_use(&self, id: Uuid, generation: i64, now: Millis) -> Result<bool, DbErr> {
        match &self.sessions {
            SessionStore::Sqlite(sqlite) => sqlite.record_first_use(id, generation, now).await,
            SessionStore::Server(server) => server.record_first_use(id, generation, now).await,
        }
    }

    /// Whether no operation has found the database unreachable or read-only since then.
    pub(crate) fn is_usable_since(&self, then: Instant) -> bool {
        self.discards.keeps(then.elapsed())
    }

    /// Closes the connections, so that SQLite removes its write-ahead log.
    pub async fn close(&self) {
        match &self.sessions {
            SessionStore::Sqlite(sqlite) => sqlite.close().await,
            SessionStore::Server(server) => server.close().await,
        }
        let _ = self.read.clone().close().await;
        let _ = self.write.clone().close().await;
    }
}
