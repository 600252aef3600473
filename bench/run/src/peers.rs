//! The compared servers: each is one process in production mode, started and stopped here; their logs are discarded.
//!
//! With two cores or more, the servers and their databases run on one and the load on another (by `taskset`), so that the load takes nothing
//! from the servers, and "per second" means per second of one core.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wugan_bundle::command::output_of;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_local::databases::{Database, mariadb, postgres};
use wugan_local::process::{Running, free_port, interrupted, run, temporary_folder};

/// The account that the load signs in with, on all servers.
pub(crate) const ACCOUNT: &str = "load:correct horse battery";
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Limits that the load does not reach.
const NO_LIMITS: [&str; 6] = ["--name-limit", "1000000/1000s", "--address-limit", "1000000/1000s", "--session-limit", "60000/1m"];
/// The address from which the load floods as a proxy does.
const PROXY: [&str; 2] = ["--trusted-proxy", "127.0.0.3/32"];
/// The cores of the servers and of the load.
const CORES: [&str; 2] = ["0", "1"];

/// A running server; dropped, it ends.
pub(crate) struct Peer {
    name: &'static str,
    address: SocketAddr,
    process: Running,
    idle_kib: u64,
    data: Option<Data>,
}

/// The database and the key of a `wugan-server`.
struct Data {
    folder: TempDir,
    database: Option<String>,
}

impl Data {
    fn database(&self) -> String {
        self.database.clone().unwrap_or_else(|| format!("sqlite://{}", self.folder.path().join("wugan.db").display()))
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("wugan.key")
    }
}

/// The cores that a server may use.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Cores {
    One,
    All,
}

impl Peer {
    /// One route of axum and nothing else.
    pub(crate) fn bare(cores: Cores, program: &Path) -> Result<Self> {
        Self::start("bare axum", cores, None, |address| {
            let mut bare = Command::new(program);
            bare.arg(address.to_string());
            bare
        })
    }

    /// `wugan-server`, on SQLite if no database is given.
    pub(crate) fn wugan(name: &'static str, cores: Cores, program: &Path, database: Option<&str>) -> Result<Self> {
        let data = Data { folder: temporary_folder()?, database: database.map(str::to_owned) };
        let (url, key) = (data.database(), data.key());
        Self::start(name, cores, Some(data), |address| {
            let mut server = Command::new(program);
            server.args(["--listen", &address.to_string(), "--demo-user", ACCOUNT]).args(NO_LIMITS);
            if cores == Cores::All {
                // In a flood. Elsewhere no header is to be read.
                server.args(PROXY);
            }
            server.env("WUGAN_DATABASE_URL", &url).env("WUGAN_SIGNING_KEY", &key);
            server
        })
    }

    /// The tutorial's backend, `bench/nest`.
    pub(crate) fn nest(cores: Cores, database: &str) -> Result<Self> {
        Self::start("Nest", cores, None, |address| {
            let mut node = Command::new("node");
            node.arg("dist/main.js").current_dir(project::root().join("bench/nest")).env("NODE_ENV", "production");
            node.env("PORT", address.port().to_string()).env("DATABASE_URL", database).env("DEMO_USER", ACCOUNT);
            node.env("JWT_SECRET", "a secret of thirty-two bytes or more");
            node
        })
    }

    fn start(name: &'static str, cores: Cores, data: Option<Data>, command: impl FnOnce(SocketAddr) -> Command) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let mut command = command(address);
        if cores == Cores::One {
            command = pinned(command, CORES[0]);
        }
        let mut process = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if interrupted() || process.ended()?.is_some() || start.elapsed() > START_TIMEOUT {
                return Err(failure(format!("{name} did not start")));
            }
            sleep(Duration::from_millis(50));
        }
        // Memory that is used during the start alone is returned by then.
        sleep(Duration::from_secs(2));
        let idle_kib = resident_kib(process.pid())?;
        Ok(Self { name, address, process, idle_kib, data })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The database's URL and the key's file of a `wugan-server`.
    pub(crate) fn database_and_key(&self) -> [String; 2] {
        self.data.as_ref().map_or_else(Default::default, |data| [data.database(), data.key().display().to_string()])
    }

    /// Its memory before the first request.
    pub(crate) fn idle_mib(&self) -> f64 {
        self.idle_kib as f64 / 1024.0
    }
}

/// Builds `wugan-server` for production.
pub(crate) fn build_wugan() -> Result<PathBuf> {
    step("Building the server", "seconds if nothing changed, 5 min the first time", || {
        run(project::cargo().args(["build", "--quiet", "--release", "--package", "wugan-server"]))
    })?;
    Ok(project::target().join("release").join(format!("wugan-server{}", std::env::consts::EXE_SUFFIX)))
}

/// A durable MariaDB with the databases `wugan` and `nest`, on the servers' cores.
pub(crate) fn mariadb(cores: Cores) -> Result<Database> {
    on_the_servers_cores(mariadb::start_durable(&["wugan", "nest"])?, cores)
}

/// A durable PostgreSQL, on the servers' cores.
pub(crate) fn postgres(cores: Cores) -> Result<Database> {
    on_the_servers_cores(postgres::start_durable()?, cores)
}

/// Moves a database server; the processes of its new connections inherit the core.
fn on_the_servers_cores(database: Database, cores: Cores) -> Result<Database> {
    if cores == Cores::One && can_pin() {
        let pid = database.pid().to_string();
        run(Command::new("taskset").args(["--all-tasks", "--pid", "--cpu-list", CORES[0], &pid]).stdout(Stdio::null()))?;
    }
    Ok(database)
}

/// The load, on the core that is not the servers'.
pub(crate) fn beside_the_servers(load: Command) -> Command {
    pinned(load, CORES[1])
}

fn pinned(command: Command, core: &str) -> Command {
    if !can_pin() {
        return command;
    }
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", core]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        pinned.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => pinned.env(name, value),
            None => pinned.env_remove(name),
        };
    }
    pinned
}

fn can_pin() -> bool {
    std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1)
        && output_of(Command::new("taskset").args(["--cpu-list", CORES[1], "true"])).is_some()
}

fn resident_kib(pid: u32) -> Result<u64> {
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).map_err(|e| failure(format!("/proc can't be read ({e}): this needs Linux")))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|line| line.split_whitespace().next());
    line.and_then(|kib| kib.parse().ok()).ok_or_else(|| failure("/proc has no VmRSS: this needs Linux"))
}
