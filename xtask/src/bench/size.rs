//! What the library adds to a Leptos app's download: the tiny apps of `bench/size`, built as the app is, packed by brotli.

use std::path::Path;
use std::process::Command;

use super::head;
use crate::app::PROFILE;
use crate::compress::{brotli, files, read};
use crate::process::run;
use crate::project;
use crate::step::{Result, failure, step};
use crate::tools;
use crate::wasm;

/// An app without the library, and the app that does the same with it.
const PAIRS: [(&str, &str, &str); 2] =
    [("one GET", "get_gloo", "get_wugan"), ("sign-in with JSON and one guarded GET", "app_gloo", "app_wugan")];

pub(super) fn measure() -> Result<()> {
    wasm::add_target()?;
    let bindgen = tools::wasm_bindgen()?.join("wasm-bindgen");
    step("Building tiny apps for the browser", "2 min, 6 the first time", || {
        let mut build = wasm::cargo("build");
        wasm::shrink(&mut build)?;
        run(build.args(["--quiet", "--package", "wugan-bench-size", "--target", wasm::TARGET, "--profile", PROFILE, "--locked"]))
    })?;
    let built = project::target().join(wasm::TARGET).join(PROFILE);
    let packed = tempfile::tempdir().map_err(|e| failure(format!("no temporary folder ({e}): set TMPDIR")))?;
    let size = |name: &str| download(&bindgen, &built.join(format!("{name}.wasm")), &packed.path().join(name));

    head("What the library adds to a Leptos app that uses gloo-net, in bytes (wasm and its script, brotli)");
    println!("{:<44}{:>10}{:>10}{:>10}", "app", "gloo-net", "wugan", "adds");
    for (what, without, with) in PAIRS {
        let (without, with) = (size(without)?, size(with)?);
        println!("{what:<44}{without:>10}{with:>10}{:>10}", with.saturating_sub(without));
    }
    println!("{:<44}{:>10}", "(no request at all)", size("nothing")?);
    Ok(())
}

/// The bytes that a browser loads of a program: what wasm-bindgen makes of it, packed.
fn download(bindgen: &Path, program: &Path, into: &Path) -> Result<usize> {
    run(Command::new(bindgen).args(["--target", "web", "--no-typescript", "--out-dir"]).arg(into).arg(program))?;
    files(into)?.iter().map(|file| Ok(brotli(&read(file)?)?.len())).sum()
}
