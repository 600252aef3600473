//! Checks what goes to crates.io: that each package builds from the files in its archive, and with the Rust version that it promises.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wugan_bundle::command::output_of;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::wasm::TARGET;
use wugan_local::process::run;

use crate::toolchain;

/// The published packages. One may depend on another by version: then one command must package both, and neither may have `publish = false`.
const PACKAGES: [&str; 2] = ["wugan", "wugan-testing"];
const MANIFESTS: [&str; 2] = ["client/Cargo.toml", "testing/Cargo.toml"];

/// Packages them, and builds each package from its archive.
pub(crate) fn archives() -> Result<()> {
    step("Packaging for crates.io, and building from the archives", "1 min, 3 the first time", || {
        let packages = PACKAGES.map(|package| format!("--package={package}"));
        forget_earlier_archives();
        run(project::cargo().args(["package", "--quiet", "--allow-dirty"]).args(packages))
    })
}

/// Checks the packages with the Rust version that they promise, natively and for wasm32. Cargo refuses dependencies that require a newer one.
/// If rustup cannot install it, clippy's `incompatible_msrv`, which is on by default, finds newer parts of the standard library.
pub(crate) fn minimum_rust() -> Result<()> {
    let promised = promised()?;
    let promised = &*promised;
    let is_installed = || output_of(Command::new("rustc").args([&format!("+{promised}"), "--version"]).env("RUSTUP_AUTO_INSTALL", "0"));
    if is_installed().is_none() && !toolchain::install(promised) {
        println!("    Rust {promised} cannot be installed by rustup: only clippy has checked the minimum Rust version");
        return Ok(());
    }
    step("Checking with the minimum Rust version", "seconds if nothing changed, 3 min the first time", || {
        for target in [&[][..], &["--target", TARGET]] {
            let mut check = Command::new("cargo");
            // Cargo sets these for the programs it runs; they would select this program's toolchain.
            check.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC").env_remove("LD_LIBRARY_PATH");
            check.current_dir(project::root()).args([&format!("+{promised}"), "check", "--quiet", "--all-features"]).args(target);
            check.env("CARGO_TARGET_DIR", project::target().join("msrv"));
            run(check.args(PACKAGES.map(|package| format!("--package={package}"))))?;
        }
        Ok(())
    })
}

/// The `rust-version` of the published packages.
fn promised() -> Result<String> {
    let version_in = |manifest: &str| {
        let text = fs::read_to_string(project::root().join(manifest)).unwrap_or_default();
        let version = text.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
        version.map(str::to_owned).ok_or_else(|| failure(format!("{manifest} has no rust-version of its own")))
    };
    let [first, second] = MANIFESTS.map(version_in);
    let (first, second) = (first?, second?);
    if first == second { Ok(first) } else { Err(failure(format!("{} promise different versions of Rust", MANIFESTS.join(" and ")))) }
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
