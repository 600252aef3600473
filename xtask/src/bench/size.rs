//! What the library adds to a Leptos app's download: the tiny apps of `bench/size`, built as the app is, packed by brotli.

use std::path::Path;
use std::process::Command;

use super::head;
use crate::compress::{brotli, files, read};
use crate::process::run;
use crate::project;
use crate::step::{Result, failure, step};
use crate::tools;
use crate::wasm::{self, PROFILE};

/// An app without the library, and the app that does the same with it.
const PAIRS: [(&str, &str, &str); 2] =
    [("one GET", "get_gloo", "get_wugan"), ("sign-in with JSON and one guarded GET", "app_gloo", "app_wugan")];

/// An app without a feature of the library, and the same app with it.
const FEATURES: [(&str, &str, &str); 2] =
    [("sign-in with a provider (oidc)", "guard_wugan", "guard_oidc"), ("tokens bound to a key (dpop)", "guard_oidc", "guard_dpop")];

pub(super) fn measure() -> Result<()> {
    let (sizes, _) = build()?;
    head("What the library adds to a Leptos app that uses gloo-net, in bytes (wasm and its script, brotli)");
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

/// What the library adds to each pair. `None`: this toolchain cannot build them as small as the app is.
pub(crate) fn added() -> Result<Option<Vec<(String, usize)>>> {
    let (sizes, is_small) = build()?;
    let added = PAIRS.iter().map(|(what, without, with)| Ok(((*what).to_owned(), sizes(with)?.saturating_sub(sizes(without)?))));
    if is_small { added.collect::<Result<_>>().map(Some) } else { Ok(None) }
}

/// The names of the pairs.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PAIRS.iter().map(|(what, ..)| *what)
}

/// Builds the apps. Returns how to ask for the size of one, and whether the build took the switches that make it small.
fn build() -> Result<(impl Fn(&str) -> Result<usize>, bool)> {
    wasm::add_target()?;
    let bindgen = tools::wasm_bindgen()?.join("wasm-bindgen");
    let mut build = wasm::cargo("build");
    let is_small = wasm::shrink(&mut build)?;
    step("Building tiny apps for the browser", "2 min, 6 the first time", || {
        build.args(["--quiet", "--package", "wugan-bench-size", "--target", wasm::TARGET, "--profile", PROFILE, "--locked"]);
        run(&mut build)?;
        // Built alone: with the feature on, the library has its code in every app.
        run(build.args(["--features", "dpop", "--bin", "guard_dpop"]))
    })?;
    let built = project::target().join(wasm::TARGET).join(PROFILE);
    let packed = tempfile::tempdir().map_err(|e| failure(format!("no temporary folder ({e}): set TMPDIR")))?;
    let size = move |name: &str| download(&bindgen, &built.join(format!("{name}.wasm")), &packed.path().join(name));
    Ok((size, is_small))
}

/// The bytes that a browser loads of a program: what wasm-bindgen makes of it, packed.
fn download(bindgen: &Path, program: &Path, into: &Path) -> Result<usize> {
    run(Command::new(bindgen).args(["--target", "web", "--no-typescript", "--out-dir"]).arg(into).arg(program))?;
    files(into)?.iter().map(|file| Ok(brotli(&read(file)?)?.len())).sum()
}
