//! Child processes, each in its own process group, so that it ends together with its own children, and none outlives this program; and their
//! temporary folders and ports.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wugan_bundle::command::failed;
use wugan_bundle::step::{Result, failure};

/// How long a process may take to end after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_secs(10);

static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A process in the background. Dropping it ends its whole group.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts a command.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = own_group(command).stdin(Stdio::null()).spawn();
        let child = child.map_err(|e| failure(format!("{name} can't be started: {e}")))?;
        running().insert(child.id());
        Ok(Self { child, name })
    }

    /// Its process number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its status if it has ended.
    ///
    /// # Errors
    /// If the system does not answer.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().map_err(|e| failure(format!("{}: {e}", self.name)))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If the system does not answer.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().map_err(|e| failure(format!("{}: {e}", self.name)))
    }

    /// The lines of its standard output. The command must have been started with a pipe.
    pub fn lines(&mut self) -> impl Iterator<Item = String> {
        let lines = self.child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).split(b'\n'));
        lines.map_while(std::result::Result::ok).map(|line| String::from_utf8_lossy(&line).into_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The group is signalled before the child is reaped: afterwards its number may belong to another group.
        signal(self.child.id(), false);
        let deadline = Instant::now() + GRACE;
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > deadline || cfg!(not(unix)) {
                signal(self.child.id(), true);
                let _ = self.child.kill();
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.wait();
        running().remove(&self.child.id());
    }
}

/// Runs a command and shows its output.
///
/// # Errors
/// If it cannot be started, or fails: the message is its command line.
pub fn run(command: &mut Command) -> Result<()> {
    let status = Running::start(command)?.wait()?;
    if status.success() { Ok(()) } else { Err(failed(command)) }
}

/// Makes Ctrl-C and SIGTERM end all children: at first by SIGTERM, the second time by SIGKILL.
pub fn stop_children_on_signals() {
    // Without a handler, the children end when their guards are dropped.
    let _ = ctrlc::set_handler(|| {
        let again = INTERRUPTED.swap(true, Ordering::SeqCst);
        running().iter().for_each(|&leader| signal(leader, again));
        if running().is_empty() || again {
            std::process::exit(130);
        }
    });
}

/// Whether Ctrl-C or SIGTERM has arrived.
#[must_use]
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// A temporary folder, which is removed when it is dropped.
///
/// # Errors
/// If it cannot be created.
pub fn temporary_folder() -> Result<TempDir> {
    TempDir::with_prefix("wugan-test-").map_err(|e| failure(format!("no temporary folder ({e}): set TMPDIR")))
}

/// A port of 127.0.0.1 that is free now.
///
/// # Errors
/// If there is none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|e| failure(format!("no port of this machine is free ({e})")))
}

/// Checks that a port can be listened on, before a build that takes minutes.
///
/// # Errors
/// If a program listens on it: the message ends with `remedy`.
pub fn check_port(port: u16, remedy: &str) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop);
    listener.map_err(|e| failure(format!("port {port} cannot be used ({e}): {remedy}")))
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn own_group(command: &mut Command) -> &mut Command {
    std::os::unix::process::CommandExt::process_group(command, 0)
}

/// Sends SIGTERM or SIGKILL to a group, which may have ended.
#[cfg(unix)]
fn signal(leader: u32, kill: bool) {
    use nix::sys::signal::{Signal, killpg};
    if let Ok(group) = i32::try_from(leader) {
        let _ = killpg(nix::unistd::Pid::from_raw(group), if kill { Signal::SIGKILL } else { Signal::SIGTERM });
    }
}

#[cfg(not(unix))]
fn own_group(command: &mut Command) -> &mut Command {
    command
}

#[cfg(not(unix))]
fn signal(_leader: u32, _kill: bool) {}

// Linux alone has /proc.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn is_alive(pid: &str) -> bool {
        // A zombie has ended and waits for its new parent to reap it.
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[test]
    fn a_dropped_process_ends_with_its_children() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 600 >&- & echo $!; exec >&-; wait"]).stdout(Stdio::piped());
        let mut shell = Running::start(&mut shell).unwrap();
        let grandchild = shell.lines().next().unwrap();
        assert!(is_alive(&grandchild), "it must run before it can be ended");
        drop(shell);
        let deadline = Instant::now() + Duration::from_secs(30);
        while is_alive(&grandchild) {
            assert!(Instant::now() < deadline, "the grandchild is still running");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
