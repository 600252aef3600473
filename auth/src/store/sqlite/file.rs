//! The SQLite file: that it is one, and that only its owner can read it.

use crate::store::error::StoreError;
use sea_orm::{DbErr, RuntimeErr, sqlx::sqlite::SqliteConnectOptions};
use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

/// Whether a missing file is created.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum File {
    MayBeCreated,
    MustExist,
}

/// The path of the URL's file. A file that may be created is created with mode 0600; SQLite gives its -wal and -shm the same mode.
///
/// # Errors
/// The URL names no path of a file, or is not a SQLite URL.
pub(in crate::store) fn prepare(url: &str, file: File) -> Result<PathBuf, StoreError> {
    let options =
        SqliteConnectOptions::from_str(url).map_err(|error| StoreError::Connect(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))))?;
    let path = options.get_filename().to_owned();
    // SQLite takes an empty name for a temporary database of each connection, and `file:` for the beginning of a URI. `:memory:` is such a
    // URI here, unless its colons are encoded.
    let name = path.to_string_lossy();
    if name.is_empty() || name == ":memory:" || name.starts_with("file:") || url.contains("mode=memory") {
        return Err(StoreError::NoFile);
    }
    if file == File::MayBeCreated {
        create(&path);
    }
    Ok(path)
}

/// Creates the file. If it cannot be created, opening it returns the error.
#[cfg(unix)]
fn create(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt;
    let _ = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    warn_of_readers(path);
}

#[cfg(not(unix))]
fn create(_path: &Path) {}

#[cfg(unix)]
fn warn_of_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        fs::metadata(name).map_or(0, |data| data.permissions().mode() & 0o777)
    };
    let modes = ["", "-wal", "-shm"].map(mode);
    if modes.iter().any(|mode| mode & 0o077 != 0) {
        let mode = format!("{:04o}", modes.iter().fold(0, |all, mode| all | mode));
        tracing::warn!(file = %path.display(), mode, "other users of this machine can open the database; chmod it to 600 with its -wal and -shm");
    }
}
