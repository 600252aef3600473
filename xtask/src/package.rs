//! Checks what goes to crates.io: that each package builds from the files in its archive, and with the Rust version that it promises.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use wugan_bundle::command::output_of;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_local::process::run;

/// The published packages. One may depend on another by version: then one command must package both, and neither may have `publish = false`.
const PACKAGES: [&str; 2] = ["wugan", "wugan-testing"];

/// Packages them, and builds each package from its archive.
pub(crate) fn archives() -> Result<()> {
    step("Packaging for crates.io, and building from the archives", "1 min, 3 the first time", || {
        let packages = PACKAGES.map(|package| format!("--package={package}"));
        forget_earlier_archives();
        run(project::cargo().args(["package", "--quiet", "--allow-dirty"]).args(packages))
    })
}

/// Checks `rust-version`: no dependency may require a newer Rust. If rustup has that version, the packages are checked with it; otherwise
/// clippy's `incompatible_msrv`, which is on by default, finds newer parts of the standard library.
pub(crate) fn minimum_rust() -> Result<()> {
    step("Checking the minimum Rust version", "seconds; 1 min if rustup has that version", || {
        let metadata = metadata()?;
        for package in PACKAGES {
            let newer = newer_dependencies(&metadata, package)?;
            if !newer.is_empty() {
                return Err(failure(format!(
                    "these dependencies of {package} require a newer Rust than it promises: {}",
                    newer.join(", ")
                )));
            }
        }
        let promised = project::rust_version();
        let toolchain = format!("+{promised}");
        if output_of(Command::new("rustc").args([&toolchain, "--version"]).env("RUSTUP_AUTO_INSTALL", "0")).is_none() {
            println!("    rustup has no {promised}: checked by clippy's incompatible_msrv and the dependencies' rust-version");
            return Ok(());
        }
        let mut check = Command::new("cargo");
        // Cargo sets these for the programs it runs; they would select this program's toolchain.
        check.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC").env_remove("LD_LIBRARY_PATH");
        check.current_dir(project::root()).args([&toolchain, "check", "--quiet", "--all-features"]);
        check.env("CARGO_TARGET_DIR", project::target().join("msrv"));
        run(check.args(PACKAGES.map(|package| format!("--package={package}"))))
    })
}

fn metadata() -> Result<Value> {
    let mut cargo = project::cargo();
    let output = output_of(cargo.args(["metadata", "--format-version", "1", "--all-features", "--locked"]));
    let output = output.ok_or_else(|| failure("`cargo metadata --locked` failed: run it to see why"))?;
    serde_json::from_str(&output).map_err(|e| failure(format!("`cargo metadata` printed no JSON: {e}")))
}

/// Removes earlier archives of the same versions that cargo has unpacked, and what it has compiled from them: it takes both for unchanged.
fn forget_earlier_archives() {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let registries = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok()).into_iter().flatten().flatten();
    for registry in registries {
        for package in PACKAGES {
            let version = project::locked_version(package).unwrap_or_default();
            // A folder that cannot be removed is used.
            let _ = fs::remove_dir_all(registry.path().join(format!("{package}-{version}")));
        }
    }
    let debug = project::target().join("debug");
    for compiled in fs::read_dir(debug.join("deps")).into_iter().flatten().flatten() {
        let name = compiled.file_name().to_string_lossy().into_owned();
        let Some((package, hash)) = name.strip_suffix(".d").and_then(|name| name.rsplit_once('-')) else { continue };
        let package = package.replace('_', "-");
        let is_of_an_archive = || fs::read_to_string(compiled.path()).is_ok_and(|sources| sources.contains("registry"));
        if PACKAGES.contains(&&*package) && is_of_an_archive() {
            let _ = fs::remove_dir_all(debug.join(".fingerprint").join(format!("{package}-{hash}")));
        }
    }
}

/// The dependencies of a package, direct or not, that require a newer Rust than it does. Development dependencies do not count.
fn newer_dependencies(metadata: &Value, package: &str) -> Result<Vec<String>> {
    let packages = list(&metadata["packages"]);
    let root = packages.iter().find(|found| found["name"] == package && found["source"].is_null());
    let root = root.ok_or_else(|| failure(format!("the workspace has no package {package}")))?;
    let promised = version_of(root).ok_or_else(|| failure(format!("{package} has no rust-version")))?;
    let mut reached = vec![&root["id"]];
    let mut next = 0;
    while let Some(id) = reached.get(next).copied() {
        next += 1;
        let node = list(&metadata["resolve"]["nodes"]).iter().find(|node| node["id"] == *id);
        for dependency in node.map_or(&[][..], |node| list(&node["deps"])) {
            if list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev") && !reached.contains(&&dependency["pkg"]) {
                reached.push(&dependency["pkg"]);
            }
        }
    }
    let newer = packages.iter().filter(|package| reached.contains(&&package["id"]) && version_of(package) > Some(promised));
    Ok(newer
        .map(|package| format!("{} {} (Rust {})", package["name"], package["version"], package["rust_version"]).replace('"', ""))
        .collect())
}

/// A package's `rust-version` as numbers: `1.94` is `[1, 94, 0]`.
fn version_of(package: &Value) -> Option<[u64; 3]> {
    let mut numbers = package["rust_version"].as_str()?.split('.').map(|number| number.parse().unwrap_or(0));
    Some(std::array::from_fn(|_| numbers.next().unwrap_or(0)))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_dependency_with_a_newer_rust_is_found_unless_it_is_for_development() {
        let package =
            |name: &str, rust: Value| json!({ "name": name, "id": name, "version": "1.0.0", "source": null, "rust_version": rust });
        let dependency = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [
                package("ours", json!("1.94")),
                package("old", json!("1.60.0")),
                package("silent", Value::Null),
                package("new", json!("1.94.1")),
                package("for-tests", json!("1.99")),
            ],
            "resolve": { "nodes": [
                { "id": "ours", "deps": [dependency("old", Value::Null), dependency("for-tests", json!("dev"))] },
                { "id": "old", "deps": [dependency("silent", json!("build")), dependency("ours", Value::Null)] },
                { "id": "silent", "deps": [dependency("new", Value::Null)] },
            ] },
        });
        assert_eq!(newer_dependencies(&metadata, "ours").unwrap(), ["new 1.0.0 (Rust 1.94.1)"]);
        assert!(newer_dependencies(&metadata, "absent").is_err());
    }
}
