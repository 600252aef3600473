//! Child processes. Each leads a process group of its own, so that it ends with everything it has started, and none outlives this program.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::step::{Result, failure};

/// How long a process that was asked to end may go on answering what it has begun.
const GRACE: Duration = Duration::from_secs(10);

static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A process in the background. Dropped, it is ended, with its whole group.
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        own_group(command).stdin(Stdio::null());
        let child = command.spawn().map_err(|e| failure(format!("{name} can't be started: {e}")))?;
        running().insert(child.id());
        Ok(Self { child, name })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `None` while it runs.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().map_err(|e| failure(format!("{}: {e}", self.name)))
    }

    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().map_err(|e| failure(format!("{}: {e}", self.name)))
    }

    /// Hands each line of its standard output to `see`, until it closes. The command must have been started with a pipe.
    pub(crate) fn each_line(&mut self, mut see: impl FnMut(&str)) {
        let Some(output) = self.child.stdout.take() else { return };
        for line in BufReader::new(output).split(b'\n').map_while(std::result::Result::ok) {
            see(&String::from_utf8_lossy(&line));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The group first, while its number is certainly still ours: what the process started may outlive it.
        ask_to_end(self.child.id());
        let patience = Instant::now() + GRACE;
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > patience {
                end_now(self.child.id());
                let _ = self.child.kill();
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.wait();
        running().remove(&self.child.id());
    }
}

/// Runs a command to its end and shows what it says.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = Running::start(command)?.wait()?;
    if status.success() { Ok(()) } else { Err(failure(format!("`{}` failed: see its last lines above", line_of(command)))) }
}

/// Runs a command to its end and keeps what it says to itself.
pub(crate) fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Ctrl-C and a termination reach every child, which then has a moment to end by itself.
pub(crate) fn stop_children_on_signals() {
    // A machine without signals runs on; its children end with their guards.
    let _ = ctrlc::set_handler(|| {
        let again = INTERRUPTED.swap(true, Ordering::SeqCst);
        for &leader in running().iter() {
            if again { end_now(leader) } else { ask_to_end(leader) }
        }
        if running().is_empty() || again {
            std::process::exit(130);
        }
    });
}

pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn own_group(command: &mut Command) -> &mut Command {
    std::os::unix::process::CommandExt::process_group(command, 0)
}

#[cfg(unix)]
fn ask_to_end(leader: u32) {
    signal(leader, nix::sys::signal::Signal::SIGTERM);
}

#[cfg(unix)]
fn end_now(leader: u32) {
    signal(leader, nix::sys::signal::Signal::SIGKILL);
}

#[cfg(unix)]
fn signal(leader: u32, signal: nix::sys::signal::Signal) {
    if let Ok(group) = i32::try_from(leader) {
        // A group that is already gone is what we want.
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), signal);
    }
}

#[cfg(not(unix))]
fn own_group(command: &mut Command) -> &mut Command {
    command
}

#[cfg(not(unix))]
fn ask_to_end(_leader: u32) {}

#[cfg(not(unix))]
fn end_now(_leader: u32) {}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn alive(pid: i32) -> bool {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok()
    }

    #[test]
    fn a_dropped_process_takes_along_what_it_started() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 600 >&- & echo $!; exec >&-; wait"]).stdout(Stdio::piped());
        let mut shell = Running::start(&mut shell).unwrap();
        let mut grandchild = 0;
        shell.each_line(|line| grandchild = line.parse().unwrap());
        assert!(alive(grandchild), "it must run before it can be ended");
        drop(shell);
        // It is reaped by whoever adopted it, which may take a moment.
        let patience = Instant::now() + Duration::from_secs(30);
        while alive(grandchild) && !is_zombie(grandchild) {
            assert!(Instant::now() < patience, "the grandchild lives on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn is_zombie(pid: i32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn a_failed_command_is_named_in_the_failure() {
        let failed = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(failed.to_string().contains("sh -c exit 3"), "{failed}");
        let missing = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(missing.to_string().contains("no-such-program-here"), "{missing}");
    }
}
