//! The Rust toolchain's parts for wasm32, added by rustup if they are missing.

use std::process::{Command, Stdio};

use wugan_bundle::command::output_of;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::wasm::{SOURCE, TARGET, in_toolchain};

/// Adds the target wasm32. The error says which command to run.
pub(crate) fn add_target() -> Result<()> {
    let library = format!("{TARGET}/lib");
    if in_toolchain(&library) || (rustup(&["target", "add", TARGET]) && in_toolchain(&library)) {
        return Ok(());
    }
    Err(failure(format!(
        "this Rust toolchain has no target {TARGET}: run `rustup target add {TARGET}` (https://rustup.rs installs rustup)"
    )))
}

/// Adds the standard library's source, with which the app is a tenth smaller.
pub(crate) fn add_source() {
    if !in_toolchain(SOURCE) {
        rustup(&["component", "add", "rust-src"]);
    }
}

/// Installs another toolchain. `false` also if there is no rustup, or it cannot reach its servers.
pub(crate) fn install(version: &str) -> bool {
    rustup(&["toolchain", "install", version, "--profile", "minimal", "--target", TARGET])
}

fn rustup(arguments: &[&str]) -> bool {
    let run = || {
        let mut rustup = Command::new("rustup");
        rustup.args(arguments).current_dir(project::root()).stdin(Stdio::null());
        Ok(rustup.status().is_ok_and(|status| status.success()))
    };
    output_of(Command::new("rustup").arg("--version")).is_some()
        && step(&format!("Running `rustup {}`", arguments.join(" ")), "half a minute", run).unwrap_or(false)
}
