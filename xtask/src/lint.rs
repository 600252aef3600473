//! `cargo xtask lint`: format and clippy, also of the fuzz targets, which are a workspace of their own. What runs in a browser is linted for wasm32 as well, by the clippy of the toolchain that builds it.

use crate::process;
use crate::project;
use crate::step::{Result, step};
use crate::wasm;

/// The packages that run in a browser.
const IN_BROWSER: [&str; 5] = ["wugan-app", "wugan", "wugan-timeline", "wugan-example-bare", "wugan-example-leptos"];

pub(crate) fn run() -> Result<()> {
    let fuzz = project::root().join("fuzz/Cargo.toml");
    step("Checking the format", "a second", || {
        process::run(project::cargo().args(["fmt", "--all", "--check"]))?;
        process::run(project::cargo().args(["fmt", "--check", "--manifest-path"]).arg(&fuzz))
    })?;
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
    step("Linting the fuzz targets", "seconds if nothing changed, 1 min the first time", || {
        let mut clippy = project::cargo();
        // Where the rest is built: most of it is the same. A libFuzzer that is said to be there is not compiled, and here nothing is linked.
        clippy.env("CARGO_TARGET_DIR", project::target()).env("CUSTOM_LIBFUZZER_PATH", "/libfuzzer.a");
        process::run(clippy.args(["clippy", "--quiet", "--all-targets", "--manifest-path"]).arg(&fuzz).args(["--", "-D", "warnings"]))
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
