//! SQLite: the file, the pools for rare operations, and the threads for frequent ones.

mod file;
mod pool;
mod sessions;
mod worker;

pub(super) use file::{File, prepare};
pub(super) use pool::{readers, writer};
pub(super) use sessions::Sqlite;
pub(super) use worker::WriteLock;
