//! Installs packages with apt-get, for what no cargo registry has. Needs root; asks no questions.

use std::path::Path;
use std::process::Command;

use crate::process::{output_of, run};
use crate::step::{Result, failure, step};

/// Installs packages; where it cannot, the error names the command. `purpose` is the subject of "… is missing".
pub(crate) fn install(packages: &[&str], purpose: &str, about: &str) -> Result<()> {
    let wanted = packages.join(" ");
    if !has_apt() {
        return Err(failure(format!("{purpose} is missing: install it with your system's package manager (Debian names it: {wanted})")));
    }
    if !is_root() {
        return Err(failure(format!(
            "{purpose} is missing: run `sudo apt-get update && sudo apt-get install -y {wanted}`, then this again"
        )));
    }
    step(&format!("Running `apt-get install -y {wanted}`"), about, || {
        run(apt().args(["update", "-qq"]))?;
        run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
    })
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

fn has_apt() -> bool {
    Path::new("/usr/bin/apt-get").exists()
}

pub(crate) fn is_root() -> bool {
    output_of(Command::new("id").arg("-u")).is_some_and(|id| id == "0")
}
