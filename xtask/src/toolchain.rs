//! The Rust toolchain's parts for wasm32, added by rustup if they are missing.

use std::process::{Command, Stdio};

use wugan_bundle::command::output_of;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::wasm::{SOURCE, TARGET, in_toolchain};

/// Adds the target wasm32. The error says which command to run.
pub(crate) fn add_target() -> Result<()> {
    let library = format!("{TARGET}/lib");
    if in_toolchain(&library) || (rustup_adds("target", TARGET) && in_toolchain(&library)) {
        return Ok(());
    }
    Err(failure(format!(
        "this Rust toolchain has no target {TARGET}: run `rustup target add {TARGET}` (https://rustup.rs installs rustup)"
    )))
}

/// Adds the standard library's source, with which the app is a tenth smaller.
pub(crate) fn add_source() {
    if !in_toolchain(SOURCE) {
        rustup_adds("component", "rust-src");
    }
}

/// Whether rustup added it; `false` also if there is no rustup, or it cannot reach its servers.
fn rustup_adds(kind: &str, name: &str) -> bool {
    let rustup = || {
        let mut rustup = Command::new("rustup");
        rustup.args([kind, "add", name]).current_dir(project::root()).stdin(Stdio::null());
        Ok(rustup.status().is_ok_and(|status| status.success()))
    };
    output_of(Command::new("rustup").arg("--version")).is_some()
        && step(&format!("Running `rustup {kind} add {name}`"), "half a minute", rustup).unwrap_or(false)
}
