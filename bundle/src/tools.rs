//! Programs that `cargo install` builds: where they are looked for, and the command that installs them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::output_of;
use crate::project;
use crate::step::{Result, failure};

/// A package with programs.
#[derive(Clone, Debug)]
pub struct Tool {
    /// The package on crates.io.
    pub package: &'static str,
    /// The programs that are needed.
    pub programs: &'static [&'static str],
    /// The version to install.
    pub version: String,
    /// How an accepted version begins; empty if the programs do not print their version.
    pub accepted: String,
    /// The features to install it with.
    pub features: &'static [&'static str],
    /// Whether to install the dependencies of its own lock file.
    pub locked: bool,
    /// How long the installation takes.
    pub duration: &'static str,
}

/// The wasm-bindgen of the version in `Cargo.lock`: the library and the program must be of one version.
///
/// # Errors
/// If `Cargo.lock` cannot be read.
pub fn wasm_bindgen() -> Result<Tool> {
    let version = project::locked_version("wasm-bindgen")?;
    // Its own lock file asks for versions that were withdrawn.
    let package = "wasm-bindgen-cli";
    Ok(Tool { package, programs: &["wasm-bindgen"], accepted: version.clone(), version, features: &[], locked: false, duration: "3 min" })
}

/// wasm-split, which cuts a program at its functions marked `wasm_split`. Versions before 0.2 ignore the marks of Leptos 0.8.
#[must_use]
pub fn wasm_split() -> Tool {
    let (package, version) = ("wasm_split_cli_support", "0.2.4".to_owned());
    let features = &["build-binary"];
    Tool { package, programs: &["wasm-split-cli"], version, accepted: String::new(), features, locked: true, duration: "1 min" }
}

impl Tool {
    /// The folder with all its programs: `cargo xtask` installs into [`cache`], users onto `PATH`, trunk into a cache of its own.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        let on_path = env::var_os("PATH").unwrap_or_default();
        let local = env::var_os("LOCALAPPDATA").map(PathBuf::from);
        let of_trunk = trunk_caches(caches(), env::home_dir(), local).map(|folder| folder.join(format!("wasm-bindgen-{}", self.version)));
        let own = self.root().ok().map(|root| root.join("bin"));
        own.into_iter().chain(env::split_paths(&on_path)).chain(of_trunk).find(|folder| self.is_in(folder))
    }

    /// Its first program.
    ///
    /// # Errors
    /// If it is not installed: the message names the command that installs it.
    pub fn program(&self) -> Result<PathBuf> {
        let program = self.programs.first().copied().unwrap_or(self.package);
        let missing = || format!("{program} is not found (`cargo {}` installs it)", self.install_arguments().join(" "));
        self.folder().map(|folder| folder.join(format!("{program}{}", env::consts::EXE_SUFFIX))).ok_or_else(|| failure(missing()))
    }

    /// What follows `cargo` in the command that installs it onto `PATH`.
    #[must_use]
    pub fn install_arguments(&self) -> Vec<String> {
        let mut arguments = ["install", self.package, "--version", &self.version].map(str::to_owned).to_vec();
        if !self.features.is_empty() {
            arguments.extend(["--features".to_owned(), self.features.join(",")]);
        }
        if self.locked {
            arguments.push("--locked".to_owned());
        }
        arguments
    }

    /// The folder in [`cache`] to install it into.
    ///
    /// # Errors
    /// If there is no folder for caches.
    pub fn root(&self) -> Result<PathBuf> {
        Ok(cache()?.join(format!("{}-{}", self.package, self.version)))
    }

    fn is_in(&self, folder: &Path) -> bool {
        self.programs.iter().all(|program| {
            let program = folder.join(format!("{program}{}", env::consts::EXE_SUFFIX));
            let version = |program: &Path| {
                let output = output_of(Command::new(program).arg("--version").env_remove("NO_COLOR"))?;
                output.split_whitespace().nth(1).map(str::to_owned)
            };
            program.exists() && (self.accepted.is_empty() || version(&program).is_some_and(|version| version.starts_with(&self.accepted)))
        })
    }
}

/// The folder for programs that this project installs for itself.
///
/// # Errors
/// If the user has no home folder.
pub fn cache() -> Result<PathBuf> {
    caches().map(|folder| folder.join("wugan/tools")).ok_or_else(|| failure("no home folder: set XDG_CACHE_HOME to a folder for tools"))
}

/// Where trunk stores the programs that it downloads, on Linux, macOS and Windows: `ProjectDirs::from("dev", "trunkrs", "trunk")` of the crate
/// `directories`.
fn trunk_caches(caches: Option<PathBuf>, home: Option<PathBuf>, local: Option<PathBuf>) -> impl Iterator<Item = PathBuf> {
    let folders = [(caches, "trunk"), (home, "Library/Caches/dev.trunkrs.trunk"), (local, "trunkrs/trunk/cache")];
    folders.into_iter().filter_map(|(parent, name)| Some(parent?.join(name)))
}

fn caches() -> Option<PathBuf> {
    let folder = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    folder.or_else(|| env::home_dir().map(|home| home.join(".cache")))
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn tool(accepted: &str) -> Tool {
        let (version, accepted) = ("1.2.3".to_owned(), accepted.to_owned());
        Tool { package: "sometool", programs: &["sometool"], version, accepted, features: &["a", "b"], locked: true, duration: "" }
    }

    fn is_accepted(version: &str, accepted: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("sometool");
        fs::write(&program, format!("#!/bin/sh\necho sometool {version}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        tool(accepted).is_in(folder.path())
    }

    #[test]
    fn a_missing_tool_is_named_with_the_command_that_installs_it() {
        let missing = tool("").program().unwrap_err().to_string();
        assert!(missing.contains("sometool is not found (`cargo install sometool --version 1.2.3 --features a,b --locked`"), "{missing}");
    }

    #[test]
    fn trunks_programs_are_looked_for_where_it_stores_them_on_each_system() {
        let folders = |caches, home, local| {
            let [caches, home, local] =
                [caches, home, local].map(|folder: &str| Some(PathBuf::from(folder)).filter(|_| !folder.is_empty()));
            trunk_caches(caches, home, local).collect::<Vec<_>>()
        };
        let linux = folders("/home/ada/.cache", "/home/ada", "");
        assert!(linux.contains(&PathBuf::from("/home/ada/.cache/trunk")), "{linux:?}");
        let macos = folders("/Users/ada/.cache", "/Users/ada", "");
        assert!(macos.contains(&PathBuf::from("/Users/ada/Library/Caches/dev.trunkrs.trunk")), "{macos:?}");
        let windows = folders("", "", "C:/Users/ada/AppData/Local");
        assert_eq!(windows, [PathBuf::from("C:/Users/ada/AppData/Local/trunkrs/trunk/cache")]);
    }

    #[test]
    fn a_tool_is_accepted_only_in_a_fitting_version() {
        assert!(is_accepted("0.21.7", "0.21."));
        assert!(is_accepted("0.2.130", "0.2.130"));
        assert!(!is_accepted("0.22.1", "0.21."));
        assert!(!is_accepted("0.2.129", "0.2.130"));
    }
}
