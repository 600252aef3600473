//! `cargo xtask lint`: the documents, format, clippy natively and for wasm32, rustdoc, the packages for crates.io, and the minimum Rust
//! version. The fuzz targets are a workspace of their own and are included.

use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::wasm;
use wugan_local::process;

use crate::docs;
use crate::example_page;
use crate::imports;
use crate::package;
use crate::toolchain;

/// The packages that others use.
const LIBRARIES: [&str; 5] = ["wugan", "wugan-testing", "wugan-timeline", "wugan-wire", "wugan-axum"];

/// Sources without import cycles between files; of these, those without cycles between folders too.
const SOURCES: [&str; 4] = ["client/src", "auth/src", "server/src", "src"];
const LAYERED: [&str; 3] = ["client/src", "auth/src", "server/src"];

/// Arguments of clippy.
const STRICT: [&str; 3] = ["--", "-D", "warnings"];

pub(crate) fn run() -> Result<()> {
    let fuzz = project::root().join("fuzz/Cargo.toml");
    docs::run()?;
    step("Checking that no files or folders import each other", "a second", || {
        for (source, of_folders) in SOURCES.map(|source| (source, false)).into_iter().chain(LAYERED.map(|source| (source, true))) {
            if let Some(names) = imports::cycle(&project::root().join(source), of_folders)? {
                return Err(failure(format!("in {source}, each of these imports the next, and the last the first: {}", names.join(", "))));
            }
        }
        Ok(())
    })?;
    step("Checking the format", "a second", || {
        process::run(project::cargo().args(["fmt", "--all", "--check"]))?;
        process::run(project::cargo().args(["fmt", "--check", "--manifest-path"]).arg(&fuzz))
    })?;
    step("Linting everything, natively", "seconds if nothing changed, 3 min the first time", || {
        let features = "wugan-testing/__rules,wugan-axum/verifier";
        let mut clippy = project::cargo();
        process::run(clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--features", features]).args(STRICT))
    })?;
    step("Linting the fuzz targets", "seconds if nothing changed, 1 min the first time", || {
        let mut clippy = project::cargo();
        // In the same target folder, as most dependencies are the same. With CUSTOM_LIBFUZZER_PATH, libFuzzer is not compiled; nothing is linked.
        clippy.env("CARGO_TARGET_DIR", project::target()).env("CUSTOM_LIBFUZZER_PATH", "/libfuzzer.a");
        process::run(clippy.args(["clippy", "--quiet", "--all-targets", "--manifest-path"]).arg(&fuzz).args(STRICT))
    })?;
    step("Building the documentation of the libraries", "seconds if nothing changed, 1 min the first time", || {
        let features = "wugan-testing/__rules,wugan/devtools,wugan/oidc,wugan/dpop,wugan-axum/verifier";
        let mut doc = project::cargo();
        doc.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--quiet", "--no-deps", "--features", features]);
        process::run(doc.args(LIBRARIES.map(|package| format!("--package={package}"))))
    })?;
    toolchain::add_target()?;
    step("Linting what runs in a browser, for wasm32", "seconds if nothing changed, 2 min the first time", || {
        let packages = ["wugan-app", "wugan", "wugan-timeline"].iter().chain(&example_page::PACKAGES);
        let mut clippy = wasm::cargo("clippy");
        clippy.args(["--quiet", "--target", wasm::TARGET, "--all-targets"]).args(packages.map(|package| format!("--package={package}")));
        process::run(clippy.args(STRICT))
    })?;
    package::minimum_rust()?;
    package::archives()
}
