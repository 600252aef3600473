//! axe-core, which finds what keeps people out of a page: fetched once from npm into the user's cache, in a version of our choice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::process::{output_of, run};
use crate::step::{Result, failure, step};
use crate::tools;

const VERSION: &str = "4.14.1";

/// The script, to be run in a page.
pub(crate) fn script() -> Result<PathBuf> {
    let folder = tools::cache()?.join(format!("axe-core-{VERSION}"));
    let script = folder.join("node_modules/axe-core/axe.min.js");
    if !is_ours(&script) {
        fetch(&folder)?;
    }
    if is_ours(&script) {
        Ok(script)
    } else {
        Err(failure(format!("npm did not bring axe-core {VERSION}: remove {} and try again", folder.display())))
    }
}

fn fetch(folder: &Path) -> Result<()> {
    if output_of(Command::new("npm").arg("--version")).is_none() {
        debian::install(&["npm"], "npm (it fetches axe-core, the accessibility checker)", "1 min")?;
    }
    step(&format!("Fetching axe-core {VERSION}, once"), "5 s", || {
        fs::create_dir_all(folder).map_err(|e| failure(format!("{} can't be made: {e}", folder.display())))?;
        let mut npm = Command::new("npm");
        // Whatever registry the machine is set to; nothing of the package is run.
        npm.args(["install", "--silent", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
        run(npm.arg(folder).arg(format!("axe-core@{VERSION}")).current_dir(folder))
    })
}

/// The file names its version in its first line.
fn is_ours(script: &Path) -> bool {
    fs::read_to_string(script).is_ok_and(|text| names_version(&text))
}

fn names_version(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.contains(&format!("axe v{VERSION}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_not_taken() {
        assert!(names_version(&format!("/*! axe v{VERSION}\n * Copyright")));
        assert!(!names_version("/*! axe v3.0.0\n"));
        assert!(!names_version(""));
    }
}
