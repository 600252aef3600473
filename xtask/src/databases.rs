//! PostgreSQL and MariaDB for the tests: installed where they are missing, on folders, ports and passwords of their own, and gone afterwards.
//!
//! Whatever else of either lies or runs on this machine is not touched: its service, its data, its settings, its port.

mod clusters;
mod ground;
mod mariadb;
mod postgres;

use std::env;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{Running, interrupted};
use crate::step::{Result, failure, step};
pub(crate) use clusters::Clusters;
use ground::Ground;
use mariadb::MariaDb;
use postgres::Postgres;

/// How long a start may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// A free port is free until somebody else takes it: then the next one is tried.
const PORTS: usize = 5;
/// What to do where a database can't be had.
const OTHERWISE: &str = "or leave it out with --without-databases";

/// Databases that answer. Dropped, they are stopped, and their folders are removed.
pub(crate) struct Databases {
    running: Vec<Database>,
}

/// One that answers.
pub(crate) struct Database {
    variable: &'static str,
    url: String,
    // In this order: the server ends before its folder goes.
    server: Running,
    _ground: Ground,
}

/// What differs between the two.
trait Engine: Sized {
    const NAME: &'static str;
    /// Where the tests look for its URL.
    const VARIABLE: &'static str;

    /// Finds its programs, or installs them.
    fn get() -> Result<Self>;
    /// Makes an empty database in the ground's `data`, with one user, who has the ground's password.
    fn prepare(&self, ground: &Ground) -> Result<()>;
    /// The server.
    fn server(&self, ground: &Ground, port: u16) -> Result<Command>;
    /// Whether it takes orders.
    fn is_ready(ground: &Ground, port: u16) -> bool;
    fn url(password: &str, port: u16) -> String;
}

impl Databases {
    /// Starts those that the environment does not name already.
    pub(crate) fn start() -> Result<Self> {
        let mut running = Vec::new();
        if is_wanted::<Postgres>() {
            running.push(start::<Postgres>()?);
        }
        if is_wanted::<MariaDb>() {
            running.push(start::<MariaDb>()?);
        }
        Ok(Self { running })
    }

    /// Tells a test command where they are.
    pub(crate) fn show(&self, tests: &mut Command) {
        tests.envs(self.running.iter().map(|database| (database.variable, &database.url)));
    }
}

/// A MariaDB that has these databases and keeps what it is told, as one does that people rely on: to measure with.
pub(crate) fn lasting_mariadb(databases: &'static [&'static str]) -> Result<Database> {
    start_this(MariaDb::get()?.lasting(databases))
}

/// The same of a PostgreSQL, whose database is `postgres`.
pub(crate) fn lasting_postgres() -> Result<Database> {
    start_this(Postgres::get()?.lasting())
}

impl Database {
    /// The URL of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        let (server, _) = self.url.rsplit_once('/').unwrap_or((&self.url, ""));
        format!("{server}/{database}")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.server.pid()
    }
}

/// Whether the environment names none.
fn is_wanted<E: Engine>() -> bool {
    env::var_os(E::VARIABLE).is_none_or(|url| url.is_empty())
}

fn start<E: Engine>() -> Result<Database> {
    start_this(E::get()?)
}

fn start_this<E: Engine>(engine: E) -> Result<Database> {
    step(&format!("Starting {}, in a folder of its own", E::NAME), "10 s", || {
        let ground = Ground::new()?;
        engine.prepare(&ground)?;
        for _ in 0..PORTS {
            let port = free_port()?;
            let mut server = ground.start(&mut engine.server(&ground, port)?)?;
            if answers::<E>(&mut server, &ground, port)? {
                let url = E::url(ground.password(), port);
                return Ok(Database { variable: E::VARIABLE, url, server, _ground: ground });
            }
        }
        Err(ground.explain(&format!("{} does not start", E::NAME)))
    })
}

/// Waits until it takes orders; no, if it ended instead.
fn answers<E: Engine>(server: &mut Running, ground: &Ground, port: u16) -> Result<bool> {
    let start = Instant::now();
    while !E::is_ready(ground, port) {
        if interrupted() {
            return Err(failure("interrupted"));
        }
        if server.ended()?.is_some() {
            return Ok(false);
        }
        if start.elapsed() > PATIENCE {
            return Err(ground.explain(&format!("{} did not answer within {} s", E::NAME, PATIENCE.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(true)
}

pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|e| failure(format!("no port of this machine is free ({e})")))
}

/// The folder that has all of these programs: of those given, or on `PATH`, or where only root looks.
fn folder_with(programs: &[&str], given: Vec<PathBuf>) -> Option<PathBuf> {
    let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let of_root = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let has_all = |folder: &PathBuf| programs.iter().all(|program| folder.join(program).exists());
    given.into_iter().chain(on_path).chain(of_root).find(has_all)
}

fn program(name: &str) -> Option<PathBuf> {
    folder_with(&[name], Vec::new()).map(|folder| folder.join(name))
}

/// The folders in `parent` that are named by a version, the newest first.
fn versions_in(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<_> = entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path()))).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::net::{SocketAddr, TcpStream};

    fn comes_and_goes<E: Engine>() {
        let database = start::<E>().unwrap();
        let folder = database._ground.data();
        let (_, port) = database.url.rsplit_once(':').unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port.split('/').next().unwrap().parse().unwrap()));
        assert!(folder.exists());
        TcpStream::connect(address).unwrap();
        drop(database);
        assert!(!folder.exists());
        assert!(TcpStream::connect(address).is_err(), "the port is closed");
    }

    #[test]
    #[ignore = "starts a PostgreSQL: `cargo xtask test` has one"]
    fn a_postgres_comes_and_goes_with_its_folder() {
        comes_and_goes::<Postgres>();
    }

    #[test]
    #[ignore = "starts a MariaDB: `cargo xtask test` has one"]
    fn a_mariadb_comes_and_goes_with_its_folder() {
        comes_and_goes::<MariaDb>();
    }

    #[test]
    fn the_newest_version_comes_first_and_other_folders_do_not_come() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["9", "17", "15", "common"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let names: Vec<_> = versions_in(parent.path()).into_iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["17", "15", "9"]);
        assert!(versions_in(&parent.path().join("missing")).is_empty());
    }

    #[test]
    fn a_folder_counts_only_with_all_programs_in_it() {
        let (half, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(half.path().join("initdb-for-test"), "").unwrap();
        for name in ["initdb-for-test", "postgres-for-test"] {
            fs::write(whole.path().join(name), "").unwrap();
        }
        let given = vec![half.path().to_owned(), whole.path().to_owned()];
        assert_eq!(folder_with(&["initdb-for-test", "postgres-for-test"], given).as_deref(), Some(whole.path()));
        assert_eq!(folder_with(&["initdb-for-test", "postgres-for-test"], vec![half.path().to_owned()]), None);
    }
}
