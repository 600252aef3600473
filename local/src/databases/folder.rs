//! The temporary folder of a database server, its password, and the account that runs it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use wugan_bundle::command::{failed, output_of};
use wugan_bundle::step::{Failure, Result, failure};

use crate::packages;
use crate::process::{Running, temporary_folder};

/// Databases refuse to run as root, so root runs them as `nobody`: an account that all machines have.
const ACCOUNT: &str = "nobody";

/// A folder that is removed when this is dropped.
pub(super) struct Folder {
    folder: TempDir,
    /// The user and the group of [`ACCOUNT`], if this program runs as root.
    account: Option<(u32, u32)>,
    password: String,
}

impl Folder {
    pub(super) fn new() -> Result<Self> {
        let folder = temporary_folder()?;
        let account = if packages::is_root() { Some(account()?) } else { None };
        let folder = Self { folder, account, password: password()? };
        folder.hand_over(folder.folder.path())?;
        Ok(folder)
    }

    /// The database's own files.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The password of the database's user. Other accounts of this machine can reach the port, but do not know it.
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// Writes a file for the database's account.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let file = self.folder.path().join(name);
        fs::write(&file, text).map_err(|e| failure(format!("{} can't be written: {e}", file.display())))?;
        self.hand_over(&file)?;
        Ok(file)
    }

    /// Starts a program in the folder, by the folder's account, with its output in a file.
    pub(super) fn start(&self, command: &mut Command) -> Result<Running> {
        let log = fs::File::options().create(true).append(true).open(self.log());
        let both = log.and_then(|log| Ok((log.try_clone()?, log)));
        let (out, err) = both.map_err(|e| failure(format!("{} can't be written: {e}", self.log().display())))?;
        #[cfg(unix)]
        if let Some((user, group)) = self.account {
            std::os::unix::process::CommandExt::uid(command, user);
            std::os::unix::process::CommandExt::gid(command, group);
        }
        Running::start(command.current_dir(self.folder.path()).stdout(Stdio::from(out)).stderr(Stdio::from(err)))
    }

    /// Runs a program to its end.
    pub(super) fn run(&self, command: &mut Command) -> Result<()> {
        let status = self.start(command)?.wait()?;
        if status.success() { Ok(()) } else { Err(self.explain(&failed(command).to_string())) }
    }

    /// Prints the end of the programs' output, and returns a failure.
    pub(super) fn explain(&self, what: &str) -> Failure {
        let output = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = output.lines().collect();
        lines[lines.len().saturating_sub(20)..].iter().for_each(|line| println!("    {line}"));
        failure(format!("{what}: the reason is printed above; remove it, {}", super::OTHERWISE))
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    #[cfg(unix)]
    fn hand_over(&self, path: &Path) -> Result<()> {
        let Some((user, group)) = self.account else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user), Some(group))
            .map_err(|e| failure(format!("{} can't be handed over: {e}", path.display())))
    }

    #[cfg(not(unix))]
    fn hand_over(&self, _path: &Path) -> Result<()> {
        Ok(())
    }
}

fn account() -> Result<(u32, u32)> {
    let id = |flag| output_of(Command::new("id").args([flag, ACCOUNT])).and_then(|id| id.parse().ok());
    let missing = || failure(format!("databases refuse to run as root, and there is no account `{ACCOUNT}`: run this as another user"));
    id("-u").zip(id("-g")).ok_or_else(missing)
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

    #[test]
    fn programs_do_not_run_as_root_and_the_folder_is_removed() {
        let folder = Folder::new().unwrap();
        let path = folder.folder.path().to_owned();
        folder.run(Command::new("sh").args(["-c", "id -u > ids; id -G >> ids"])).unwrap();
        let ids = fs::read_to_string(path.join("ids")).unwrap();
        assert!(ids.split_whitespace().all(|id| id != "0"), "{ids}");
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn passwords_differ() {
        assert_ne!(password().unwrap(), password().unwrap());
    }
}
