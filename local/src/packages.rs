//! Installs system packages with apt-get. Needs root; asks no questions.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use wugan_bundle::command::output_of;
use wugan_bundle::step::{Result, failure, step};

use crate::process::run;

static FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// `--no-install`: from now on, a missing package is an error.
pub fn set_forbidden(forbidden: bool) {
    FORBIDDEN.store(forbidden, Ordering::Relaxed);
}

/// Installs packages, after printing the command. `purpose` is the subject of "… is missing".
///
/// # Errors
/// If it cannot install them: the message names the command.
pub fn install(packages: &[&str], purpose: &str, duration: &str) -> Result<()> {
    let command = format!("apt-get update && apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !Path::new("/usr/bin/apt-get").exists() {
        let names = packages.join(", ");
        return Err(failure(format!("{purpose} is missing: install it with your system's package manager (Debian's packages: {names})")));
    }
    if FORBIDDEN.load(Ordering::Relaxed) {
        return Err(failure(format!("{purpose} is missing, and --no-install forbids `{command}`")));
    }
    if !is_root() {
        return Err(failure(format!("{purpose} is missing: run `{command}` as root, then this again")));
    }
    step(&format!("Running `{command}`"), duration, || {
        run(apt().args(["update", "-qq"]))?;
        run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
    })
}

/// Installs a package if a program that it brings does not answer.
///
/// # Errors
/// As [`install`].
pub fn require(program: &str, package: &str, purpose: &str) -> Result<()> {
    match output_of(Command::new(program).arg("--version")) {
        Some(_) => Ok(()),
        None => install(&[package], purpose, "1 min"),
    }
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

pub(crate) fn is_root() -> bool {
    output_of(Command::new("id").arg("-u")).is_some_and(|id| id == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_no_install_a_missing_package_is_an_error_that_names_the_command() {
        set_forbidden(true);
        let error = install(&["no-such-package"], "The program", "").err().map(|e| e.to_string()).unwrap_or_default();
        let by_hand = "apt-get install -y --no-install-recommends no-such-package";
        assert!(error.starts_with("The program is missing") && (error.contains(by_hand) || error.contains("package manager")), "{error}");
    }
}
