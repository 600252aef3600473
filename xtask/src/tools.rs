//! Programs that `cargo install` brings: trunk, wasm-bindgen, wasm-split, geckodriver. One on `PATH` is taken if its version fits; otherwise it is
//! installed once, into the user's cache.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{output_of, run};
use crate::project;
use crate::step::{Result, failure, step};

/// The folder of a trunk of the right line.
pub(crate) fn trunk() -> Result<PathBuf> {
    let trunk = Tool {
        package: "trunk",
        programs: &["trunk"],
        version: "0.21.14".to_owned(),
        accepted: "0.21.",
        features: &[],
        locked: true,
        about: "7 min on two cores",
    };
    trunk.folder()
}

/// The folder of the wasm-bindgen that `Cargo.lock` asks for: the two halves must be of one version.
pub(crate) fn wasm_bindgen() -> Result<PathBuf> {
    let version = project::locked_version("wasm-bindgen")?;
    let tool = Tool {
        package: "wasm-bindgen-cli",
        programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
        accepted: &version,
        version: version.clone(),
        features: &[],
        // Its own lock file asks for versions that registries have withdrawn.
        locked: false,
        about: "2 to 3 min on two cores",
    };
    tool.folder()
}

/// The folder of a wasm-split. It is new enough for the `wasm_split_helpers` that Leptos brings: older ones do not know its marks.
pub(crate) fn wasm_split() -> Result<PathBuf> {
    let tool = Tool {
        package: "wasm_split_cli_support",
        programs: &["wasm-split-cli"],
        version: "0.2.4".to_owned(),
        accepted: ANY,
        features: &["build-binary"],
        locked: true,
        about: "1 min on two cores",
    };
    tool.folder()
}

/// The folder of a geckodriver, which steers Firefox.
pub(crate) fn geckodriver() -> Result<PathBuf> {
    let tool = Tool {
        package: "geckodriver",
        programs: &["geckodriver"],
        version: "0.37.0".to_owned(),
        accepted: "0.37.",
        features: &[],
        locked: true,
        about: "3 min on two cores",
    };
    tool.folder()
}

/// For a program that does not tell its version: only the one that was installed here is taken.
const ANY: &str = "";

struct Tool<'a> {
    package: &'a str,
    programs: &'a [&'a str],
    /// The version to install.
    version: String,
    /// How the version of one that is already there must begin.
    accepted: &'a str,
    features: &'a [&'a str],
    locked: bool,
    about: &'a str,
}

impl Tool<'_> {
    fn folder(&self) -> Result<PathBuf> {
        let own = cache()?.join(format!("{}-{}", self.package, self.version));
        let path = if self.accepted == ANY { None } else { env::var_os("PATH") };
        let on_path = env::split_paths(&path.unwrap_or_default()).collect::<Vec<_>>();
        let found = std::iter::once(own.join("bin")).chain(on_path).find(|folder| self.is_in(folder));
        match found {
            Some(folder) => Ok(folder),
            None => self.install(&own).map(|()| own.join("bin")),
        }
    }

    fn is_in(&self, folder: &Path) -> bool {
        self.programs.iter().all(|program| {
            let program = folder.join(format!("{program}{}", env::consts::EXE_SUFFIX));
            program.exists()
                && (self.accepted == ANY
                    || output_of(Command::new(program).arg("--version").env_remove("NO_COLOR"))
                        .and_then(|said| said.split_whitespace().nth(1).map(|version| version.starts_with(self.accepted)))
                        .unwrap_or(false))
        })
    }

    fn install(&self, into: &Path) -> Result<()> {
        let arguments = self.arguments(into);
        step(&format!("Running `cargo {}`, once", arguments.join(" ")), self.about, || {
            let mut install = project::cargo();
            // These settings halve the build time; the tools run for seconds.
            install
                .args(arguments)
                .arg("--quiet")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
                .env_remove("CARGO_TARGET_DIR");
            run(&mut install)
        })
    }

    /// What follows `cargo` in the command that installs it.
    fn arguments(&self, into: &Path) -> Vec<String> {
        let root = into.display().to_string();
        let mut arguments = ["install", self.package, "--version", &self.version, "--root", &root].map(str::to_owned).to_vec();
        if !self.features.is_empty() {
            arguments.extend(["--features".to_owned(), self.features.join(",")]);
        }
        if self.locked {
            arguments.push("--locked".to_owned());
        }
        arguments
    }
}

/// Where the user's programs keep what can be made again.
pub(crate) fn cache() -> Result<PathBuf> {
    let folder = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    folder.map(|folder| folder.join("wugan/tools")).ok_or_else(|| failure("no home folder: set XDG_CACHE_HOME to a folder for tools"))
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn said(version: &str, accepted: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("sometool");
        fs::write(&program, format!("#!/bin/sh\necho sometool {version}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let tool = Tool {
            package: "sometool",
            programs: &["sometool"],
            version: accepted.to_owned(),
            accepted,
            features: &[],
            locked: false,
            about: "",
        };
        tool.is_in(folder.path())
    }

    #[test]
    fn the_install_command_names_version_features_and_lock() {
        let tool = Tool {
            package: "sometool",
            programs: &[],
            version: "1.2.3".to_owned(),
            accepted: ANY,
            features: &["a", "b"],
            locked: true,
            about: "",
        };
        assert_eq!(tool.arguments(Path::new("/cache")).join(" "), "install sometool --version 1.2.3 --root /cache --features a,b --locked");
    }

    #[test]
    fn a_tool_is_taken_only_in_the_version_that_fits() {
        assert!(said("0.21.7", "0.21."));
        assert!(said("0.2.130", "0.2.130"));
        assert!(!said("0.22.1", "0.21."));
        assert!(!said("0.2.129", "0.2.130"));
    }
}
