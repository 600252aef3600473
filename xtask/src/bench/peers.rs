//! The servers that are compared, each one process in production mode, started and stopped here; their logs are thrown away.
//!
//! Where there are two cores or more, the servers and their database get one and the load another (by `taskset`): who asks then takes
//! nothing from who answers, and "a second" means a second of one core.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::databases::{self, Database};
use crate::debian;
use crate::process::{Running, interrupted, output_of, run};
use crate::project;
use crate::server::{self, Build};
use crate::step::{Result, failure, step};

/// Who signs in at all of them.
pub(super) const ACCOUNT: &str = "load:correct horse battery";
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody is turned away: what is measured is not the limits.
const NO_LIMITS: [&str; 6] = ["--name-limit", "1000000/1000s", "--address-limit", "1000000/1000s", "--session-limit", "60000/1m"];
/// The cores of the servers and of the load.
const CORES: [&str; 2] = ["0", "1"];

/// A server that answers.
pub(super) struct Peer {
    name: &'static str,
    address: SocketAddr,
    process: Running,
    idle_kib: u64,
    _data: Option<TempDir>,
}

/// Whether a server is kept to one core.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Room {
    OneCore,
    Machine,
}

impl Peer {
    /// A route of axum and nothing else.
    pub(super) fn bare(program: &Path) -> Result<Self> {
        Self::start("bare axum", Room::OneCore, None, |address| {
            let mut bare = Command::new(program);
            bare.arg(address.to_string());
            bare
        })
    }

    pub(super) fn wugan(name: &'static str, room: Room, program: &Path, database: Option<&str>) -> Result<Self> {
        let data = tempfile::tempdir().map_err(|e| failure(format!("no temporary folder ({e}): set TMPDIR")))?;
        let file = format!("sqlite://{}", data.path().join("wugan.db").display());
        let (url, key) = (database.unwrap_or(&file).to_owned(), data.path().join("wugan.key"));
        Self::start(name, room, Some(data), |address| {
            let mut server = Command::new(program);
            server.args(["--listen", &address.to_string(), "--demo-user", ACCOUNT]).args(NO_LIMITS);
            server.env("WUGAN_DATABASE_URL", &url).env("WUGAN_SIGNING_KEY", &key);
            server
        })
    }

    /// The tutorial's backend, `bench/nest`.
    pub(super) fn nest(room: Room, database: &str) -> Result<Self> {
        Self::start("Nest", room, None, |address| {
            let mut node = Command::new("node");
            node.arg("dist/main.js").current_dir(project::root().join("bench/nest")).env("NODE_ENV", "production");
            node.env("PORT", address.port().to_string()).env("DATABASE_URL", database).env("DEMO_USER", ACCOUNT);
            node.env("JWT_SECRET", "a secret of thirty-two bytes or more");
            node
        })
    }

    fn start(name: &'static str, room: Room, data: Option<TempDir>, command: impl FnOnce(SocketAddr) -> Command) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], databases::free_port()?));
        let mut command = command(address);
        if room == Room::OneCore {
            command = pinned(command, CORES[0]);
        }
        let mut process = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if interrupted() || process.ended()?.is_some() || start.elapsed() > PATIENCE {
                return Err(failure(format!("{name} did not start")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // What a start asks for and gives back at once is not what it holds.
        std::thread::sleep(Duration::from_secs(2));
        let idle_kib = resident_kib(process.pid())?;
        Ok(Self { name, address, process, idle_kib, _data: data })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Its memory before anybody asked it anything.
    pub(super) fn idle_mib(&self) -> f64 {
        self.idle_kib as f64 / 1024.0
    }
}

/// Our server, as it is run.
pub(super) fn build_wugan() -> Result<std::path::PathBuf> {
    server::build(Build::Release)
}

/// Installs what `bench/nest` asks for, and compiles it.
pub(super) fn build_nest() -> Result<()> {
    if output_of(Command::new("npm").arg("--version")).is_none() {
        debian::install(&["nodejs", "npm"], "Node.js (for the Nest backend that is compared with)", "2 min")?;
    }
    let nest = project::root().join("bench/nest");
    step("Building the Nest backend", "seconds, 1 min the first time", || {
        if !nest.join("node_modules/.package-lock.json").exists() {
            run(Command::new("npm").args(["ci", "--silent"]).current_dir(&nest))?;
        }
        run(Command::new("npm").args(["run", "--silent", "build"]).current_dir(&nest))
    })
}

/// A MariaDB that forgets nothing, with a database each, on the core of the servers.
pub(super) fn mariadb() -> Result<Database> {
    on_the_servers_core(databases::lasting_mariadb(&["wugan", "nest"])?)
}

/// A PostgreSQL that forgets nothing, on the core of the servers: the connections' processes inherit it.
pub(super) fn postgres() -> Result<Database> {
    on_the_servers_core(databases::lasting_postgres()?)
}

fn on_the_servers_core(database: Database) -> Result<Database> {
    if can_pin() {
        let pid = database.pid().to_string();
        run(Command::new("taskset").args(["--all-tasks", "--pid", "--cpu-list", CORES[0], &pid]).stdout(Stdio::null()))?;
    }
    Ok(database)
}

/// The load's own place.
pub(super) fn beside_the_servers(load: Command) -> Command {
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
    line.and_then(|kib| kib.parse().ok()).ok_or_else(|| failure("/proc tells no VmRSS: this needs Linux"))
}
