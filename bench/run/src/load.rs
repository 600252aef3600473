//! Runs the load of `bench/load` against a server, and reads its line of figures.

use std::collections::HashMap;
use std::env;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::NamedTempFile;
use wugan_bundle::command::run;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};

use crate::peers::{self, Peer};

/// How many sessions are each seen once.
const SESSIONS: &str = "40000";

/// The programs of `bench/load`.
pub(crate) struct Programs {
    folder: PathBuf,
}

/// The figures of one run, by name.
pub(crate) struct Figures(HashMap<String, f64>);

impl Programs {
    pub(crate) fn build() -> Result<Self> {
        step("Building the load and the bare route", "seconds if nothing changed, 2 min the first time", || {
            run(project::cargo().args(["build", "--quiet", "--release", "--package", "wugan-bench-load"]))
        })?;
        Ok(Self { folder: project::target().join("release") })
    }

    pub(crate) fn bare(&self) -> PathBuf {
        self.folder.join(format!("bare{}", env::consts::EXE_SUFFIX))
    }

    /// Loads a peer with guarded requests, each of a session that the peer has not seen. `used`: another server has seen it; otherwise the
    /// request writes the token's first use.
    pub(crate) fn run_once(&self, peer: &Peer, used: bool) -> Result<Figures> {
        let failed = |e: &dyn Display| failure(format!("the sessions of {} can't be created: {e}", peer.name()));
        let tokens = NamedTempFile::new().map_err(|e| failed(&e))?;
        let mut sessions = Command::new(self.folder.join(format!("sessions{}", env::consts::EXE_SUFFIX)));
        sessions.args(peer.database_and_key()).arg(SESSIONS).args(used.then_some("--used"));
        let output = tokens.reopen().map_err(|e| failed(&e))?;
        run(peers::beside_the_servers(sessions).stdout(output))?;
        self.run(peer, "once", &["--tokens", &tokens.path().display().to_string()])
    }

    /// Loads a peer with one kind of request.
    pub(crate) fn run(&self, peer: &Peer, what: &str, options: &[&str]) -> Result<Figures> {
        let mut load = Command::new(self.folder.join(format!("wugan-bench-load{}", env::consts::EXE_SUFFIX)));
        load.args([&peer.address().to_string(), what, "--account", peers::ACCOUNT, "--pid", &peer.pid().to_string()]).args(options);
        let load = peers::beside_the_servers(load).stderr(Stdio::inherit()).output();
        let load = load.map_err(|e| failure(format!("the load can't be started: {e}")))?;
        if !load.status.success() {
            return Err(failure(format!("{} could not be measured ({what}): the reason is printed above", peer.name())));
        }
        Ok(Figures::read(&String::from_utf8_lossy(&load.stdout)))
    }
}

impl Figures {
    fn read(line: &str) -> Self {
        let pairs = line.split_whitespace().filter_map(|pair| pair.split_once('='));
        Self(pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Result<f64> {
        self.0.get(name).copied().ok_or_else(|| failure(format!("the load printed no {name}")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn figures_are_read_by_name() {
        let figures = Figures::read("rate=12.5 p99=300 answered=x");
        assert!((figures.get("rate").unwrap() - 12.5).abs() < 1e-9);
        assert!((figures.get("p99").unwrap() - 300.0).abs() < 1e-9);
        assert!(figures.get("answered").is_err());
    }
}
