//! Runs the load of `bench/load` against a server, and reads its one line.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::peers::{self, Peer};
use crate::process::{Running, run};
use crate::project;
use crate::step::{Result, failure, step};

/// The programs of `bench/load`.
pub(super) struct Programs {
    folder: PathBuf,
}

/// What a run came to.
pub(super) struct Figures(HashMap<String, f64>);

impl Programs {
    pub(super) fn build() -> Result<Self> {
        step("Building the load and the bare route", "seconds if nothing changed, 2 min the first time", || {
            run(project::cargo().args(["build", "--quiet", "--release", "--package", "wugan-bench-load"]))
        })?;
        Ok(Self { folder: project::target().join("release") })
    }

    pub(super) fn bare(&self) -> PathBuf {
        self.folder.join(format!("bare{}", std::env::consts::EXE_SUFFIX))
    }

    /// Loads a peer with one kind of request.
    pub(super) fn run(&self, peer: &Peer, what: &str, options: &[&str]) -> Result<Figures> {
        let mut load = Command::new(self.folder.join(format!("wugan-bench-load{}", std::env::consts::EXE_SUFFIX)));
        load.args([&peer.address().to_string(), what, "--account", peers::ACCOUNT, "--pid", &peer.pid().to_string()]).args(options);
        let mut load = Running::start(peers::beside_the_servers(load).stdout(Stdio::piped()))?;
        let mut said = String::new();
        load.each_line(|line| line.clone_into(&mut said));
        if !load.wait()?.success() {
            return Err(failure(format!("{} could not be measured ({what}): it says why above", peer.name())));
        }
        Ok(Figures::read(&said))
    }
}

impl Figures {
    fn read(line: &str) -> Self {
        let pairs = line.split_whitespace().filter_map(|pair| pair.split_once('='));
        Self(pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Result<f64> {
        self.0.get(name).copied().ok_or_else(|| failure(format!("the load tells no {name}")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_read_by_name() {
        let figures = Figures::read("rate=12.5 p99=300 judged=x");
        assert!((figures.get("rate").unwrap() - 12.5).abs() < 1e-9);
        assert!((figures.get("p99").unwrap() - 300.0).abs() < 1e-9);
        assert!(figures.get("judged").is_err());
    }
}
