//! What a throw-away database stands on: a folder, a password, and the account that runs it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::debian;
use crate::process::{Running, output_of};
use crate::step::{Failure, Result, failure};

/// Databases refuse to run as root, so root runs them as `nobody`: an account that every machine has, and that owns no other database.
const NOBODY: &str = "nobody";

/// A folder that goes when this is dropped.
pub(super) struct Ground {
    folder: TempDir,
    account: Option<Account>,
    password: String,
}

#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Ground {
    pub(super) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wugan-test-").tempdir();
        let folder = folder.map_err(|e| failure(format!("no temporary folder ({e}): set TMPDIR")))?;
        let account = if debian::is_root() { Some(nobody()?) } else { None };
        let ground = Self { folder, account, password: password()? };
        ground.hand_over(ground.folder.path())?;
        Ok(ground)
    }

    /// The database's own files.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Whoever knows it may do with the database whatever he likes; other accounts of this machine can reach its port, too.
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// A file that only the database reads.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let file = self.folder.path().join(name);
        fs::write(&file, text).map_err(|e| failure(format!("{} can't be written: {e}", file.display())))?;
        self.hand_over(&file)?;
        Ok(file)
    }

    /// Starts a program here, by the account that owns this ground; what it says goes to a file.
    pub(super) fn start(&self, command: &mut Command) -> Result<Running> {
        let log = fs::File::options().create(true).append(true).open(self.log());
        let both = log.and_then(|log| Ok((log.try_clone()?, log)));
        let (out, err) = both.map_err(|e| failure(format!("{} can't be written: {e}", self.log().display())))?;
        Running::start(self.own(command).current_dir(self.folder.path()).stdout(Stdio::from(out)).stderr(Stdio::from(err)))
    }

    /// Runs a program to its end here.
    pub(super) fn run(&self, command: &mut Command) -> Result<()> {
        let ended = self.start(command)?.wait()?;
        if ended.success() { Ok(()) } else { Err(self.explain(&format!("{} failed", command.get_program().to_string_lossy()))) }
    }

    /// A failure, after the last that was said here is shown.
    pub(super) fn explain(&self, what: &str) -> Failure {
        let said = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = said.lines().collect();
        lines[lines.len().saturating_sub(20)..].iter().for_each(|line| println!("    {line}"));
        failure(format!("{what}: it says why above; mend that, {}", super::OTHERWISE))
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    #[cfg(unix)]
    fn own<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        use std::os::unix::process::CommandExt;
        if let Some(Account { user, group }) = self.account {
            command.uid(user).gid(group);
        }
        command
    }

    #[cfg(unix)]
    fn hand_over(&self, path: &Path) -> Result<()> {
        let Some(Account { user, group }) = self.account else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user), Some(group))
            .map_err(|e| failure(format!("{} can't be handed over: {e}", path.display())))
    }

    #[cfg(not(unix))]
    fn own<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
    }

    #[cfg(not(unix))]
    fn hand_over(&self, _path: &Path) -> Result<()> {
        Ok(())
    }
}

fn nobody() -> Result<Account> {
    let ask = |flag| output_of(Command::new("id").args([flag, NOBODY])).and_then(|id| id.parse().ok());
    match (ask("-u"), ask("-g")) {
        (Some(user), Some(group)) => Ok(Account { user, group }),
        _ => Err(failure(format!("databases refuse to run as root, and there is no account `{NOBODY}`: run this as another user"))),
    }
}

fn password() -> Result<String> {
    let mut bytes = [0; 16];
    let read = fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    read.map_err(|e| failure(format!("no random numbers ({e})")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn nothing_runs_here_as_root_and_nothing_stays() {
        let ground = Ground::new().unwrap();
        let folder = ground.folder.path().to_owned();
        ground.run(Command::new("sh").args(["-c", "id -u > made; id -G >> made"])).unwrap();
        let made = folder.join("made");
        assert_ne!(fs::metadata(&made).unwrap().uid(), 0);
        let ids = fs::read_to_string(&made).unwrap();
        assert!(ids.split_whitespace().all(|id| id != "0"), "{ids}");
        drop(ground);
        assert!(!folder.exists());
    }

    #[test]
    fn passwords_differ() {
        assert_ne!(password().unwrap(), password().unwrap());
    }
}
