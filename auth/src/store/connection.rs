//! Opening connection pools, and the transaction that writes.

use super::error::StoreError;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use std::time::Duration;

/// How long a statement waits for a connection, and a SQLite writer for the file's lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a statement waits for a connection to a database server: shorter, so that an outage is answered 503 soon.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is pinged before it is used. Pinging before each use would double the round trips.
const PING_AFTER_IDLE: Duration = Duration::from_secs(1);
const MAX_CONNECTIONS: u32 = 16;

pub(super) async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, StoreError> {
    Database::connect(options).await.map_err(StoreError::Connect)
}

/// The options for PostgreSQL and MySQL.
pub(super) fn server(url: &str) -> ConnectOptions {
    let mut options = options(url, MAX_CONNECTIONS);
    options.acquire_timeout(ACQUIRE_TIMEOUT);
    options
}

pub(super) fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .connect_timeout(BUSY_TIMEOUT)
        .sqlx_logging(false)
        .test_before_acquire_if_idle_for(PING_AFTER_IDLE);
    options
}

/// Begins a transaction that writes. On SQLite it takes the write lock at once: a transaction that reads first and writes later fails
/// instead of waiting. Elsewhere READ COMMITTED, so that a statement that waited for a row lock sees the row as it is then.
pub(super) async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let isolation = match db.get_database_backend() {
        DbBackend::Sqlite => None,
        _ => Some(IsolationLevel::ReadCommitted),
    };
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        isolation_level: isolation,
        ..TransactionOptions::default()
    };
    db.begin_with_options(options).await
}
