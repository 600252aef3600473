//! Packages of Debian and its relatives, for what can't come from a cargo registry. Needs root; never asks.

use std::path::Path;
use std::process::Command;

use crate::process::{output_of, run};
use crate::step::{Result, failure, step};

/// Installs packages, or says exactly what to install. `purpose` finishes the sentence "… is missing".
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
    step(&format!("Installing {wanted}"), about, || {
        run(apt().args(["update", "-qq"]))?;
        run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
    })
}

/// The newest of the packages whose names are `stem-<number>`, e.g. `lld-19`.
pub(crate) fn newest(stem: &str) -> Option<String> {
    let names = output_of(Command::new("apt-cache").args(["pkgnames", &format!("{stem}-")]))?;
    newest_of(stem, names.lines())
}

fn newest_of<'a>(stem: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let number = |name: &str| name.strip_prefix(stem)?.strip_prefix('-')?.parse::<u32>().ok();
    names.filter_map(|name| Some((number(name)?, name))).max().map(|(_, name)| name.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_the_highest_number_not_the_last_word() {
        let names = ["lld-9", "lld-19", "lld-14", "lld-dev", "lldb-22"];
        assert_eq!(newest_of("lld", names.into_iter()).as_deref(), Some("lld-19"));
        assert_eq!(newest_of("gcc", names.into_iter()), None);
    }
}
