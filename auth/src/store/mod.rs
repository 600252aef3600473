//! The database. [`Store`] has one method for each operation that the rules need; `session`, `user` and `audit` are the tables.

pub mod audit;
mod connection;
mod database;
mod error;
mod group;
pub mod migration;
mod operations;
pub mod session;
mod sqlite;
pub mod user;

pub use database::Store;
pub use error::StoreError;
pub use operations::NewUser;
