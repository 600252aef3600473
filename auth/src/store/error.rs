//! Why the database cannot be used.

use sea_orm::DbErr;
use std::fmt;

/// Why the database cannot be used. The message says what to do and shows no URL, which may hold a password.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL's scheme is of no supported database.
    Scheme,
    /// The URL names a SQLite database in memory, no file, or a `file:` URI.
    NoFile,
    /// The database could not be reached or opened.
    Connect(DbErr),
    /// The database has tables of another application with the names of this library's: these.
    Foreign(Vec<&'static str>),
    /// A later version has migrated the database; these are its migrations.
    Later(Vec<String>),
    /// The database was not migrated to this version.
    Earlier,
    /// A migration failed.
    Migrate(DbErr),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the database URL must begin with sqlite://, postgres:// or mysql://; see --database-url"),
            Self::NoFile => f.write_str(
                "a SQLite database must be a file, given by its path and not as file: (one in memory is lost with each connection); name one in \
                 --database-url, for example sqlite:///dev/shm/wugan.db",
            ),
            Self::Connect(error) => {
                write!(f, "cannot open the database ({}); check --database-url and that its folder can be written", one_line(error))
            }
            Self::Foreign(tables) => write!(
                f,
                "the database has other tables named {}: use a database of its own, or on PostgreSQL a schema of its own",
                tables.join(", ")
            ),
            Self::Later(unknown) => write!(
                f,
                "the database was changed by a later version, or by another program with SeaORM migrations ({}); start that version, restore \
                 a backup, or use a database of its own",
                unknown.join(", ")
            ),
            Self::Earlier => f.write_str("the database does not have this version's tables; start the server once, which creates them"),
            Self::Migrate(error) => write!(
                f,
                "cannot bring the database to this version's schema ({}); check that its folder and its tables can be written",
                one_line(error)
            ),
        }
    }
}

impl std::error::Error for StoreError {}

impl StoreError {
    /// Whether another server that migrates the same database at this moment can be the cause: a table that exists now, a catalogue row
    /// written by both (PostgreSQL), a locked file (SQLite). Each database has its own message, so every failed migration counts.
    pub(super) fn may_be_concurrent_migration(&self) -> bool {
        match self {
            Self::Migrate(_) => true,
            Self::Connect(error) => {
                let message = error.to_string();
                ["database is locked", "database table is locked"].iter().any(|text| message.contains(text))
            }
            Self::Foreign(_) | Self::Scheme | Self::NoFile | Self::Later(_) | Self::Earlier => false,
        }
    }
}

fn one_line(error: &DbErr) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
