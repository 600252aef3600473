//! PostgreSQL and MySQL: the connections for frequent operations.

mod connection;
mod first_uses;
mod options;
mod pool;
mod sessions;

pub(super) use options::{prepare_mysql, prepare_postgres};
pub(super) use sessions::Server;
