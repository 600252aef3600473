//! The database. [`Store`] has one method for each operation that the rules need; `session`, `user` and `audit` are the tables.
//!
//! Frequent operations are prepared statements (`sql`): on SQLite on a thread that owns the connection (`sqlite`), on PostgreSQL and MySQL
//! on a pool of its own (`server`). Rare ones are built by SeaORM (`operations`).
//! An operation that returns a `DbErr` fails if the database is unavailable or busy.

pub mod audit;
mod connection;
mod database;
mod discards;
mod error;
mod exchange;
pub mod migration;
mod operations;
mod server;
mod server_error;
pub mod session;
mod sql;
mod sqlite;
pub mod user;

pub use database::{Store, Transaction};
pub use error::StoreError;
pub use exchange::{Account, Advance, Exchanged, LastClient, Rotation};
pub use operations::NewUser;
pub(crate) use server_error::ServerError;
