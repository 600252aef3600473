//! Paths of the project, its cargo, and the versions in `Cargo.lock`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::command::output_of;
use crate::step::{Result, failure};

/// The folder of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    // Cargo sets it at run time for each package that it runs; the compile-time value serves a program that was started by hand.
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
    let package = PathBuf::from(package);
    package.ancestors().find(|folder| folder.join("Cargo.lock").exists()).unwrap_or(&package).to_owned()
}

/// The folder with the production build of the app.
#[must_use]
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Cargo's target folder, which a variable or a configuration file may set.
#[must_use]
pub fn target() -> PathBuf {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    TARGET.get_or_init(|| target_of(cargo()).unwrap_or_else(|| root().join("target"))).clone()
}

fn target_of(mut cargo: Command) -> Option<PathBuf> {
    let metadata = output_of(cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]))?;
    let (_, after) = metadata.split_once("\"target_directory\":\"")?;
    // In JSON, the separators of Windows are escaped.
    Some(after.split_once('"')?.0.replace("\\\\", "\\").into())
}

/// The cargo that runs this program.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.current_dir(root());
    cargo
}

/// The version of a package in `Cargo.lock`.
///
/// # Errors
/// If the file cannot be read or has no such package.
pub fn locked_version(package: &str) -> Result<String> {
    let file = root().join("Cargo.lock");
    let lock = fs::read_to_string(&file).map_err(|e| failure(format!("{} can't be read: {e}", file.display())))?;
    version_in(&lock, package).ok_or_else(|| failure(format!("Cargo.lock has no {package}: run `cargo generate-lockfile`")))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_folder_is_the_one_that_cargo_uses() {
        let mut elsewhere = cargo();
        elsewhere.env_remove("CARGO_TARGET_DIR").env("CARGO_BUILD_TARGET_DIR", root().join("elsewhere"));
        assert_eq!(target_of(elsewhere), Some(root().join("elsewhere")));
    }

    #[test]
    fn a_version_is_read_from_the_package_of_exactly_that_name() {
        let lock =
            "[[package]]\nname = \"wasm-bindgen-test\"\nversion = \"0.3.1\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.9\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen").as_deref(), Some("0.2.9"));
        assert_eq!(version_in(lock, "wasm"), None);
    }
}
