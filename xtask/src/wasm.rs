//! Builds for wasm32: adds the target with rustup where it is missing, and sets the switches that make an app small.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::process::output_of;
use crate::project;
use crate::step::{Result, failure, step};

/// The cargo profile in the root manifest that makes small wasm.
pub(crate) const PROFILE: &str = "browser";
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The switches of [`shrink`]. All of them are unstable: a compiler may have renamed or dropped one.
const SMALL: [(&str, &str); 5] = [
    ("RUSTC_BOOTSTRAP", "1"),
    ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"),
    ("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size"),
    ("CARGO_UNSTABLE_PANIC_IMMEDIATE_ABORT", "true"),
    ("CARGO_PROFILE_BROWSER_PANIC", "immediate-abort"),
];

/// Adds the target with rustup if the compiler does not have it.
///
/// # Errors
/// If it cannot be added: the message says which command to run.
pub(crate) fn add_target() -> Result<()> {
    if has_target() {
        return Ok(());
    }
    if rustup_adds("target", TARGET)? && has_target() {
        return Ok(());
    }
    Err(failure(format!(
        "this Rust toolchain has no target {TARGET}: run `rustup target add {TARGET}` (https://rustup.rs installs rustup)"
    )))
}

/// A cargo command that can build for wasm32.
pub(crate) fn cargo(task: &str) -> Command {
    let mut cargo = project::cargo();
    cargo.arg(task);
    prepare(&mut cargo, &[]);
    cargo
}

/// Sets a command's environment for a build; the folders of `tools` go first on its `PATH`.
pub(crate) fn prepare(command: &mut Command, tools: &[PathBuf]) {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = tools.iter().cloned().chain(env::split_paths(&path));
    // Joining fails only if a folder's name contains the separator; then `PATH` stays as it is.
    if let Ok(joined) = env::join_paths(folders) {
        command.env("PATH", joined);
    }
    // trunk parses NO_COLOR as a boolean and stops at "1". Backtraces of trunk and of wasm-bindgen's test runner tell nothing about the app.
    command.current_dir(project::root()).env_remove("NO_COLOR").env("RUST_BACKTRACE", "0");
}

/// Makes the build of the profile `browser` a tenth smaller: the standard library is built from source and for size, and a panic aborts
/// without formatting its message. Where the toolchain does not take the switches, the command stays an ordinary build, and a line says so.
/// Returns whether it took them.
pub(crate) fn shrink(command: &mut Command) -> Result<bool> {
    let has_source = has_source() || (rustup_adds("component", "rust-src")? && has_source());
    let is_small = has_source && takes_switches();
    if !has_source {
        println!("    the toolchain has no rust-src: the app will be a tenth larger");
    } else if !is_small {
        println!("    this compiler does not take the switches for immediate-abort: the app will be a tenth larger");
    } else {
        command.envs(SMALL);
    }
    Ok(is_small)
}

/// Whether rustc and cargo accept the switches. Nothing is built: rustc prints its configuration, cargo plans a build.
fn takes_switches() -> bool {
    let mut rustc = rustc();
    rustc.args(["-Zunstable-options", "-Cpanic=immediate-abort", "--print", "cfg", "--target", TARGET]);
    let mut plan = cargo("build");
    plan.args(["-Zunstable-options", "--unit-graph", "--quiet", "--package", "wugan", "--target", TARGET, "--profile", PROFILE]);
    [rustc, plan].iter_mut().all(|command| output_of(command.envs(SMALL)).is_some())
}

fn rustc() -> Command {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.current_dir(project::root());
    rustc
}

fn has_target() -> bool {
    in_toolchain(&format!("{TARGET}/lib"))
}

fn has_source() -> bool {
    in_toolchain("src/rust/library/Cargo.lock")
}

/// Whether the toolchain's `lib/rustlib` has this file or folder.
fn in_toolchain(path: &str) -> bool {
    let sysroot = output_of(rustc().args(["--print", "sysroot"]));
    sysroot.is_some_and(|sysroot| PathBuf::from(sysroot).join("lib/rustlib").join(path).exists())
}

/// Whether rustup added it; `false` as well if there is no rustup, or it cannot reach its servers.
fn rustup_adds(kind: &str, name: &str) -> Result<bool> {
    if output_of(Command::new("rustup").arg("--version")).is_none() {
        return Ok(false);
    }
    step(&format!("Running `rustup {kind} add {name}`"), "half a minute", || {
        let mut rustup = Command::new("rustup");
        rustup.args([kind, "add", name]).current_dir(project::root()).stdin(Stdio::null());
        Ok(rustup.status().is_ok_and(|status| status.success()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_go_first_on_the_path() {
        let mut command = Command::new("trunk");
        prepare(&mut command, &[PathBuf::from("/opt/trunk/bin")]);
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value?.to_str());
        assert!(path.is_some_and(|path| path.starts_with("/opt/trunk/bin:")));
    }
}
