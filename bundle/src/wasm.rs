//! The compiler's switches for small wasm.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::command::output_of;
use crate::project;

/// The cargo profile in the root manifest that makes small wasm.
pub const PROFILE: &str = "browser";
/// The compiler's name for browsers.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The switches of [`shrink`]. All of them are unstable: a compiler may have renamed or dropped one.
const SMALL: [(&str, &str); 5] = [
    ("RUSTC_BOOTSTRAP", "1"),
    ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"),
    ("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size"),
    ("CARGO_UNSTABLE_PANIC_IMMEDIATE_ABORT", "true"),
    ("CARGO_PROFILE_BROWSER_PANIC", "immediate-abort"),
];

/// A cargo command for wasm32.
#[must_use]
pub fn cargo(task: &str) -> Command {
    let mut cargo = project::cargo();
    cargo.arg(task);
    cargo
}

/// Makes a build with the profile `browser` a tenth smaller: the standard library is compiled from source and for size, and a panic aborts
/// without formatting its message. If the toolchain does not take the switches, the command stays an ordinary build, and a line says so.
/// Returns whether it takes them.
pub fn shrink(command: &mut Command) -> bool {
    let refusal = if in_toolchain(SOURCE) {
        refusal_of_switches()
    } else {
        Some("the toolchain has no rust-src (`rustup component add rust-src` adds it)".to_owned())
    };
    match refusal {
        None => {
            command.envs(SMALL);
            true
        }
        Some(refusal) => {
            println!("    The app will be a tenth larger: {refusal}");
            false
        }
    }
}

/// The standard library's source in a toolchain.
pub const SOURCE: &str = "src/rust/library/Cargo.lock";

/// Whether the toolchain's `lib/rustlib` has this file or folder.
#[must_use]
pub fn in_toolchain(path: &str) -> bool {
    let sysroot = output_of(rustc().args(["--print", "sysroot"]));
    sysroot.is_some_and(|sysroot| PathBuf::from(sysroot).join("lib/rustlib").join(path).exists())
}

/// Why rustc or cargo do not accept the switches. Nothing is compiled: rustc prints its configuration, cargo plans a build.
fn refusal_of_switches() -> Option<String> {
    let mut rustc = rustc();
    rustc.args(["-Zunstable-options", "-Cpanic=immediate-abort", "--print", "cfg", "--target", TARGET]);
    let mut plan = cargo("build");
    plan.args(["-Zunstable-options", "--unit-graph", "--quiet", "--package", "wugan", "--target", TARGET, "--profile", PROFILE]);
    [rustc, plan].iter_mut().find_map(|command| {
        let output = command.envs(SMALL).output();
        let error = match output {
            Ok(output) if output.status.success() => return None,
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().lines().last().unwrap_or_default().to_owned(),
            Err(error) => error.to_string(),
        };
        Some(format!("`{}` fails with the switches for it ({error})", command.get_program().to_string_lossy()))
    })
}

fn rustc() -> Command {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.current_dir(project::root());
    rustc
}
