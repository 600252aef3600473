//! What the library adds to a Leptos app's download: the tiny apps of `bench/size`, built like the app and compressed by brotli.

use std::path::Path;
use std::process::Command;

use wugan_bundle::command::run;
use wugan_bundle::compress::{brotli, files, read};
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::{tools, wasm};

use crate::heading;

/// An app without the library, and the app that does the same with it.
const PAIRS: [(&str, &str, &str); 2] =
    [("one GET", "get_gloo", "get_wugan"), ("sign-in with JSON and one guarded GET", "app_gloo", "app_wugan")];

/// An app without a feature of the library, and the same app with it.
const FEATURES: [(&str, &str, &str); 2] =
    [("sign-in with a provider (oidc)", "guard_wugan", "guard_oidc"), ("tokens bound to a key (dpop)", "guard_oidc", "guard_dpop")];

pub(crate) fn measure() -> Result<()> {
    let sizes = build()?;
    heading("What the library adds to a Leptos app that uses gloo-net, in bytes (wasm and its script, brotli)");
    println!("{:<44}{:>10}{:>10}{:>10}", "app", "gloo-net", "wugan", "adds");
    for (what, without, with) in PAIRS {
        let (without, with) = (sizes(without)?, sizes(with)?);
        println!("{what:<44}{without:>10}{with:>10}{:>10}", with.saturating_sub(without));
    }
    println!("{:<44}{:>10}{:>10}{:>10}", "feature", "without", "with", "adds");
    for (what, without, with) in FEATURES {
        let (without, with) = (sizes(without)?, sizes(with)?);
        println!("{what:<44}{without:>10}{with:>10}{:>10}", with.saturating_sub(without));
    }
    println!("{:<44}{:>10}", "(no request at all)", sizes("nothing")?);
    Ok(())
}

/// What the library, or a feature of it, adds to the pair of this name.
#[cfg(test)]
pub(crate) fn added(pair: &str) -> Result<usize> {
    let sizes = build()?;
    let (_, without, with) =
        PAIRS.iter().chain(&FEATURES).find(|(name, ..)| *name == pair).ok_or_else(|| failure(format!("there is no pair {pair}")))?;
    Ok(sizes(with)?.saturating_sub(sizes(without)?))
}

/// Builds the apps. Returns how to measure one.
fn build() -> Result<impl Fn(&str) -> Result<usize>> {
    let bindgen = tools::wasm_bindgen()?.program()?;
    let mut build = wasm::cargo("build");
    wasm::shrink(&mut build);
    step("Building tiny apps for the browser", "2 min, 6 the first time", || {
        build.args(["--quiet", "--package", "wugan-bench-size", "--target", wasm::TARGET, "--profile", wasm::PROFILE, "--locked"]);
        run(&mut build)?;
        // Built alone: with the feature on, the library has its code in every app.
        run(build.args(["--features", "dpop", "--bin", "guard_dpop"]))
    })?;
    let built = project::target().join(wasm::TARGET).join(wasm::PROFILE);
    let bound = tempfile::tempdir().map_err(|e| failure(format!("no temporary folder ({e}): set TMPDIR")))?;
    Ok(move |name: &str| download(&bindgen, &built.join(format!("{name}.wasm")), &bound.path().join(name)))
}

/// The bytes that a browser loads of a program: the files that wasm-bindgen makes of it, compressed.
fn download(bindgen: &Path, program: &Path, into: &Path) -> Result<usize> {
    run(Command::new(bindgen).args(["--target", "web", "--no-typescript", "--out-dir"]).arg(into).arg(program))?;
    files(into)?.iter().map(|file| Ok(brotli(&read(file)?)?.len())).sum()
}
