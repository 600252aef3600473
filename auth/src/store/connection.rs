//! The pools for rare operations, and the transaction that writes.

use super::{
    discards::Discards,
    error::StoreError,
    server::{prepare_mysql, prepare_postgres},
};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection,
        pool::{PoolConnectionMetadata, PoolOptions},
    },
};
use std::time::Duration;
use tokio::time::timeout;

/// How long a statement waits for a connection, and a SQLite writer for the file's lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a rare operation may take on a database server, with the wait for a connection.
pub(super) const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a statement of a rare operation waits for a locked row.
const LOCK_TIMEOUT: Duration = Duration::from_secs(4);
/// How long an operation waits for a connection to a database server: shorter, so that a busy pool does not count as an outage.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a ping may take.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that was idle for longer is pinged before it is used. Pinging before each use would add a round trip.
const PING_AFTER_IDLE: Duration = Duration::from_secs(1);

pub(super) async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, StoreError> {
    Database::connect(options).await.map_err(StoreError::Connect)
}

/// The options for PostgreSQL and MySQL.
pub(super) fn server(url: &str, connections: u32, discards: &Discards) -> ConnectOptions {
    let mut options = options(url, connections);
    options.acquire_timeout(ACQUIRE_TIMEOUT);
    let kept = discards.clone();
    options.map_sqlx_postgres_pool_opts(move |pool| {
        let pool = pool.after_connect(|connection, _| Box::pin(prepare_postgres(connection, LOCK_TIMEOUT)));
        checked(pool, &kept)
    });
    let kept = discards.clone();
    options.map_sqlx_mysql_pool_opts(move |pool| {
        let pool = pool.after_connect(|connection, _| Box::pin(prepare_mysql(connection, LOCK_TIMEOUT)));
        checked(pool, &kept)
    });
    options
}

/// Checks each connection when it is released, and when it is acquired after it was idle.
fn checked<D: sqlx::Database>(pool: PoolOptions<D>, discards: &Discards) -> PoolOptions<D> {
    let (kept, released) = (discards.clone(), discards.clone());
    let pool = pool.after_release(move |connection, meta| {
        let released = released.clone();
        Box::pin(async move { answers(connection, &meta, &released).await })
    });
    pool.before_acquire(move |connection, meta| {
        let kept = kept.clone();
        Box::pin(async move { is_usable(connection, &meta, &kept).await })
    })
}

/// Whether an idle connection may be used.
async fn is_usable(connection: &mut impl Connection, meta: &PoolConnectionMetadata, discards: &Discards) -> Result<bool, sqlx::Error> {
    if discards.keeps(meta.age) && meta.idle_for < PING_AFTER_IDLE { Ok(true) } else { answers(connection, meta, discards).await }
}

/// Whether a connection is not discarded, and answers a ping in time. sqlx's own ping at a release has no timeout: a connection whose
/// packets are lost would stay in the pool until TCP gives up.
async fn answers(connection: &mut impl Connection, meta: &PoolConnectionMetadata, discards: &Discards) -> Result<bool, sqlx::Error> {
    if !discards.keeps(meta.age) {
        return Ok(false);
    }
    match timeout(PING_TIMEOUT, connection.ping()).await {
        Ok(answered) => answered.map(|()| true),
        Err(_) => {
            discards.discard();
            Ok(false)
        }
    }
}

pub(super) fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .connect_timeout(BUSY_TIMEOUT)
        .sqlx_logging(false)
        .test_before_acquire(false);
    options
}

/// Begins a transaction that writes. On SQLite it takes the write lock at once: a transaction that reads first and writes later fails
/// instead of waiting. Elsewhere READ COMMITTED, so that a statement that waited for a row lock sees the row as it is then.
pub(super) async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let isolation = match db.get_database_backend() {
        DbBackend::Postgres => Some(IsolationLevel::ReadCommitted),
        // SQLite has one level. A MySQL connection is set to READ COMMITTED when it is opened.
        _ => None,
    };
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        isolation_level: isolation,
        ..TransactionOptions::default()
    };
    db.begin_with_options(options).await
}
