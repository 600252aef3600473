//! PostgreSQL and MariaDB servers for tests and measurements: in temporary folders, on free ports, with random passwords. Other installations
//! of this machine, their data and their ports are not touched.

pub mod clusters;
mod folder;
pub mod mariadb;
pub mod postgres;

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use wugan_bundle::step::{Result, failure};

use crate::process::{Running, interrupted};
use folder::Folder;

/// How long a start may take on a slow machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// The end of a message that a database is missing: what else can be done.
const OTHERWISE: &str = "or leave its tests out with --without-databases";

/// A running database server. Dropping it stops it and removes its folder.
pub struct Database {
    url: String,
    // Dropped before the folder is removed.
    server: Running,
    folder: Folder,
}

impl Database {
    /// Starts a server and waits until it is ready.
    fn start(name: &str, folder: Folder, command: &mut Command, url: String, is_ready: impl Fn(&Folder) -> bool) -> Result<Self> {
        let server = folder.start(command)?;
        let mut database = Self { url, server, folder };
        let start = Instant::now();
        while !is_ready(&database.folder) {
            if interrupted() {
                return Err(failure("interrupted"));
            }
            if database.server.ended()?.is_some() || start.elapsed() > START_TIMEOUT {
                return Err(database.folder.explain(&format!("{name} does not start")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(database)
    }

    /// The URL of one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let (server, _) = self.url.rsplit_once('/').unwrap_or((&self.url, ""));
        format!("{server}/{database}")
    }

    /// The number of the server's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }
}

/// Starts the databases whose variables (`WUGAN_TEST_POSTGRES`, `WUGAN_TEST_MYSQL`) the environment does not set, and sets them for the tests.
///
/// # Errors
/// If one cannot be installed or does not start.
pub fn start(tests: &mut Command) -> Result<Vec<Database>> {
    let is_missing = |variable| env::var_os(variable).is_none_or(|url| url.is_empty());
    let mut running = Vec::new();
    let mut add = |variable, database: Database| {
        tests.env(variable, &database.url);
        running.push(database);
    };
    if is_missing("WUGAN_TEST_POSTGRES") {
        add("WUGAN_TEST_POSTGRES", postgres::start()?);
    }
    if is_missing("WUGAN_TEST_MYSQL") {
        add("WUGAN_TEST_MYSQL", mariadb::start()?);
    }
    Ok(running)
}

/// The first of the given folders, of those on `PATH` and of root's folders that has all of these programs.
fn folder_with(programs: &[&str], given: Vec<PathBuf>) -> Option<PathBuf> {
    let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let of_root = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let has_all = |folder: &PathBuf| programs.iter().all(|program| folder.join(program).exists());
    given.into_iter().chain(on_path).chain(of_root).find(has_all)
}

fn program(name: &str) -> Option<PathBuf> {
    folder_with(&[name], Vec::new()).map(|folder| folder.join(name))
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::net::{SocketAddr, TcpStream};

    fn starts_and_stops(database: Database) {
        let folder = database.folder.data();
        let (_, port) = database.url.rsplit_once(':').unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port.split('/').next().unwrap().parse().unwrap()));
        TcpStream::connect(address).unwrap();
        assert!(folder.exists());
        drop(database);
        assert!(!folder.exists());
        assert!(TcpStream::connect(address).is_err(), "the port is closed");
    }

    #[test]
    #[ignore = "starts a PostgreSQL: `cargo xtask test` has one"]
    fn a_postgres_starts_and_stops_with_its_folder() {
        starts_and_stops(postgres::start().unwrap());
    }

    #[test]
    #[ignore = "starts a MariaDB: `cargo xtask test` has one"]
    fn a_mariadb_starts_and_stops_with_its_folder() {
        starts_and_stops(mariadb::start().unwrap());
    }

    #[test]
    fn a_folder_is_found_only_with_all_programs_in_it() {
        let (half, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(half.path().join("initdb-for-test"), "").unwrap();
        for name in ["initdb-for-test", "postgres-for-test"] {
            fs::write(whole.path().join(name), "").unwrap();
        }
        let given = vec![half.path().to_owned(), whole.path().to_owned()];
        assert_eq!(folder_with(&["initdb-for-test", "postgres-for-test"], given).as_deref(), Some(whole.path()));
    }
}
