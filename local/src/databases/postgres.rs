//! A temporary PostgreSQL.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wugan_bundle::step::{Result, failure, step};

use super::{Database, Folder, OTHERWISE, folder_with};
use crate::packages;
use crate::process::free_port;

/// Without durability: its data does not survive a test.
///
/// # Errors
/// If it cannot be installed or does not start.
pub fn start() -> Result<Database> {
    start_with(&["fsync=off", "synchronous_commit=off", "full_page_writes=off"])
}

/// With the durability of a production server, to measure with.
///
/// # Errors
/// If it cannot be installed or does not start.
pub fn start_durable() -> Result<Database> {
    start_with(&[])
}

fn start_with(settings: &[&str]) -> Result<Database> {
    if programs(&["initdb", "postgres"]).is_none() {
        packages::install(&["postgresql"], "PostgreSQL's server", "1 min").map_err(|e| failure(format!("{e}, {OTHERWISE}")))?;
    }
    let missing = || failure(format!("no initdb and postgres in /usr/lib/postgresql/*/bin or PATH, {OTHERWISE}"));
    let programs = programs(&["initdb", "postgres"]).ok_or_else(missing)?;
    step("Starting PostgreSQL in a temporary folder", "10 s", || {
        let (folder, port) = (Folder::new()?, free_port()?);
        let password = folder.write("password", folder.password())?;
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args(["--username=wugan", "--auth=password", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"]);
        folder.run(initdb.arg("--pwfile").arg(password).arg("--pgdata").arg(folder.data()))?;
        let mut server = Command::new(programs.join("postgres"));
        server.arg("-D").arg(folder.data()).args(["-p", &port.to_string()]);
        // Each test has one or two connection pools.
        let common = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=1000"];
        server.args(common.iter().chain(settings).flat_map(|setting| ["-c", setting]));
        let url = format!("postgres://wugan:{}@127.0.0.1:{port}/postgres", folder.password());
        Database::start("PostgreSQL", folder, &mut server, url, is_ready)
    })
}

/// Reads the file that `pg_ctl` waits for.
fn is_ready(folder: &Folder) -> bool {
    let file = fs::read_to_string(folder.data().join("postmaster.pid"));
    file.is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
}

/// The folder with these programs. Debian has a folder for each version, which is not on `PATH`; the newest version comes first.
pub(super) fn programs(programs: &[&str]) -> Option<PathBuf> {
    let versions = versions_in(Path::new("/usr/lib/postgresql"));
    folder_with(programs, versions.into_iter().map(|version| version.join("bin")).collect())
}

fn versions_in(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<_> = entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path()))).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_newest_version_comes_first_and_other_folders_are_skipped() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["9", "17", "15", "common"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let names: Vec<_> = versions_in(parent.path()).into_iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["17", "15", "9"]);
        assert!(versions_in(&parent.path().join("missing")).is_empty());
    }
}
