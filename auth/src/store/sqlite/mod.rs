//! SQLite: the file and the connections to it.

mod file;
mod pool;

pub(super) use file::{File, prepare};
pub(super) use pool::{readers, writer};
