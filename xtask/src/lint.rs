//! `cargo xtask lint`: format and clippy. What runs in a browser is linted for wasm32 as well, by the clippy of the toolchain that builds it.

use crate::process;
use crate::project;
use crate::step::{Result, step};
use crate::wasm;

/// The packages that run in a browser.
const IN_BROWSER: [&str; 5] = ["wugan-app", "wugan", "wugan-timeline", "wugan-example-bare", "wugan-example-leptos"];

pub(crate) fn run() -> Result<()> {
    step("Checking the format", "a second", || process::run(project::cargo().args(["fmt", "--all", "--check"])))?;
    step("Linting everything, natively", "seconds if nothing changed, 3 min the first time", || {
        process::run(project::cargo().args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--features",
            "wugan/testing",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    let toolchain = wasm::toolchain()?;
    step("Linting what runs in a browser, for wasm32", "seconds if nothing changed, 2 min the first time", || {
        process::run(
            toolchain
                .cargo("clippy")
                .args(["--quiet", "--target", wasm::TARGET, "--all-targets"])
                .args(IN_BROWSER.map(|package| format!("--package={package}")))
                .args(["--", "-D", "warnings"]),
        )
    })
}
