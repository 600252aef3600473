//! The database: SQLite, PostgreSQL or MySQL/MariaDB by URL, brought to this version's schema at start.
//!
//! Nothing here rests on a lock that one database has and another ignores: what must not happen twice is one conditional UPDATE
//! whose affected rows are counted, and what must happen together is one transaction.

pub mod audit;
mod group;
pub mod migration;
pub mod session;
mod sqlite;
pub mod user;

use group::Group;
use migration::Migrator;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryTrait,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use sqlite::File;
use std::{fmt, time::Duration};

/// How long a statement waits for a connection, and a SQLite writer for the file, before it is told that the database is busy.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for a database server before it is away; a caller is told to come again rather than kept waiting.
const PATIENCE_WITH_A_SERVER: Duration = Duration::from_secs(5);
/// How often a server that starts beside another looks whether that one has made the tables, a fifth of a second apart.
const LOOKS_AT_ANOTHERS_WORK: u32 = 50;
const CONNECTIONS: u32 = 16;
/// A connection that rested for so long is asked whether it still lives before it is used. To ask each time would be a second question
/// for each question; one that broke a moment ago costs its caller a "come again".
const RESTED: Duration = Duration::from_secs(1);

/// The database's two ends. On SQLite one connection writes, so that writers queue here, in order, instead of polling for the file's
/// lock; elsewhere both are the same pool.
#[derive(Clone)]
pub struct Store {
    read: DatabaseConnection,
    write: DatabaseConnection,
    /// On SQLite alone: a database server groups commits itself.
    group: Option<Group>,
}

/// Why the database cannot be used. Says what to do, and shows no URL: it may hold a password.
#[derive(Debug)]
pub enum StoreError {
    /// The URL is of no database we know.
    Scheme,
    /// It could not be reached or opened.
    Connect(DbErr),
    /// A later version of the server has changed it.
    Later(Vec<String>),
    /// No server of this version has brought it to its schema.
    Earlier,
    /// Bringing it to this version's schema failed.
    Migrate(DbErr),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the database URL must begin with sqlite://, postgres:// or mysql://; see --database-url"),
            Self::Connect(error) => {
                write!(f, "cannot open the database ({}); check --database-url and that its folder can be written", one_line(error))
            }
            Self::Later(unknown) => write!(
                f,
                "the database was changed by a later version of wugan-server ({}); start that version, or restore a backup",
                unknown.join(", ")
            ),
            Self::Earlier => f.write_str("the database has not this version's tables; start the server once, which makes them"),
            Self::Migrate(error) => {
                write!(
                    f,
                    "cannot bring the database to this version's schema ({}); check that its folder and its tables can be written",
                    one_line(error)
                )
            }
        }
    }
}

impl std::error::Error for StoreError {}

impl StoreError {
    /// Whether it may come of another server that makes the tables at this moment: a table or its type that was not there a moment
    /// ago, a row of the database's own books written by both (PostgreSQL), or a file that is locked while its journal is made
    /// (SQLite). Each database has its own words for that, so every failure at the tables is one that may pass.
    fn may_be_anothers_doing(&self) -> bool {
        match self {
            Self::Migrate(_) => true,
            Self::Connect(error) => is_locked(error),
            Self::Scheme | Self::Later(_) | Self::Earlier => false,
        }
    }
}

fn is_locked(error: &DbErr) -> bool {
    let told = error.to_string();
    ["database is locked", "database table is locked"].iter().any(|words| told.contains(words))
}

fn one_line(error: &DbErr) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Store {
    /// Connects, and brings the schema to this version's.
    ///
    /// # Errors
    /// The database cannot be reached, written, or was changed by a later version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        // Of several servers that start on one new database, one makes each table and the others trip over it: they look again.
        let mut looks = 0;
        loop {
            match Self::open_once(url).await {
                Err(error) if error.may_be_anothers_doing() && looks < LOOKS_AT_ANOTHERS_WORK => looks += 1,
                done => return done,
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Connects to a database that is there, and leaves its schema alone: for those who look after it beside a server.
    ///
    /// # Errors
    /// The database cannot be reached, or is of another version.
    pub async fn open_as_it_is(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect(url, File::MustExist).await?;
        match Migrator::get_pending_migrations_read_only(&store.read).await {
            Ok(pending) if pending.is_empty() => Ok(store),
            Ok(_) => Err(StoreError::Earlier),
            Err(_) => store.must_not_be_later().await.map(|()| store),
        }
    }

    async fn open_once(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect(url, File::MayBeMade).await?;
        store.must_not_be_later().await?;
        Migrator::up(&store.write, None).await.map_err(StoreError::Migrate)?;
        Ok(store)
    }

    async fn connect(url: &str, file: File) -> Result<Self, StoreError> {
        Ok(match url.split(':').next() {
            Some("sqlite") => {
                let write = connect(sqlite::writer(url, file)).await?;
                Self { read: connect(sqlite::readers(url, file)).await?, group: Some(Group::start(write.clone())), write }
            }
            Some("postgres" | "postgresql" | "mysql") => {
                let mut options = options(url, CONNECTIONS);
                options.acquire_timeout(PATIENCE_WITH_A_SERVER);
                let pool = connect(options).await?;
                Self { read: pool.clone(), write: pool, group: None }
            }
            _ => return Err(StoreError::Scheme),
        })
    }

    /// Whether the database answers, from its tables and not out of its head.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        session::Entity::find().one(&self.read).await.map(drop)
    }

    /// Where to read.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Where to write one statement.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Executes one statement of those that come most often; on SQLite it may share its commit with others. Returns how many rows it
    /// changed, when that is kept.
    ///
    /// # Errors
    /// The database is away or busy.
    pub async fn execute(&self, statement: impl QueryTrait) -> Result<u64, DbErr> {
        let statement = statement.build(self.write.get_database_backend());
        match &self.group {
            Some(group) => group.execute(statement).await,
            None => Ok(self.write.execute_raw(statement).await?.rows_affected()),
        }
    }

    /// Where to write several that belong together.
    ///
    /// # Errors
    /// The database is away or busy.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.write).await
    }

    /// Hangs up, so that SQLite tidies its files.
    pub async fn close(&self) {
        let _ = self.read.clone().close().await;
        let _ = self.write.clone().close().await;
    }

    async fn must_not_be_later(&self) -> Result<(), StoreError> {
        let unknown = Migrator::unknown(&self.write).await.map_err(StoreError::Migrate)?;
        if unknown.is_empty() { Ok(()) } else { Err(StoreError::Later(unknown)) }
    }
}

/// A transaction that writes. On SQLite it takes the write lock at once: one that reads first and writes later would fail instead of
/// waiting. Elsewhere READ COMMITTED, so that a statement behind a row lock sees what it waited for.
async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let isolation = match db.get_database_backend() {
        DbBackend::Sqlite => None,
        _ => Some(sea_orm::IsolationLevel::ReadCommitted),
    };
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        isolation_level: isolation,
        ..TransactionOptions::default()
    };
    db.begin_with_options(options).await
}

async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, StoreError> {
    Database::connect(options).await.map_err(StoreError::Connect)
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .sqlx_logging(false)
        .test_before_acquire_if_idle_for(RESTED);
    options
}
