//! The production build of the app. Trunk compiles for development; in release builds its `post_build` hook, the program of this package,
//! replaces that by a build for size, splits it, binds it for the browser, shortens names and compresses all files.
//!
//! `xtask` uses the parts that it shares with tests and measurements.

pub mod command;
pub mod compress;
mod page;
pub mod project;
mod publish;
mod shorten;
mod split;
pub mod step;
pub mod tools;
pub mod wasm;

use std::path::Path;

use step::{Result, step};

/// Replaces the development build that trunk has staged by the production build, and publishes the staged files in `dist`,
/// except those of `trunk serve --release`.
///
/// # Errors
/// If the app cannot be compiled or bound, or a file cannot be written.
pub fn replace(staged: &Path, trunk_dist: &Path) -> Result<()> {
    let wasm_bindgen = tools::wasm_bindgen()?.program()?;
    let splitter = tools::wasm_split().program();
    if let Err(missing) = &splitter {
        println!("    {missing}: the app is built as one file");
    }
    let mut cargo = wasm::cargo("build");
    wasm::shrink(&mut cargo);
    cargo.args(["--quiet", "--package", split::APP, "--target", wasm::TARGET, "--profile", wasm::PROFILE, "--locked"]);
    if splitter.is_ok() {
        cargo.args(["--features", "split"]);
    }
    step("Compiling the app for size", "seconds if nothing changed, 2 min if it did, 6 min the first time", || command::run(&mut cargo))?;
    let built = project::target().join(wasm::TARGET).join(wasm::PROFILE).join(format!("{}.wasm", split::APP));
    step("Splitting and binding it", "5 s", || split::split(&built, splitter.ok().as_deref(), &wasm_bindgen, staged))?;
    page::shorten(&staged.join("index.html"))?;
    step("Compressing its files", "5 s", || compress::folder(staged))?;
    if page::reloads(&staged.join("index.html"))? {
        println!("    It is the page of `trunk serve`: the files in dist stay as they are");
        return Ok(());
    }
    if trunk_dist == project::dist() {
        return Ok(());
    }
    publish::publish(staged, &project::dist())
}
