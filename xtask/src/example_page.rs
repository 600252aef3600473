//! The pages of the examples, built without trunk, for the end-to-end tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::wasm::{self, TARGET};

use crate::tools;
use wugan_local::process::run;

const TRUNK_LINK: &str = "<link data-trunk rel=\"rust\" />";

/// Builds the page of a package in this folder of `examples/`, and returns the folder with its files.
pub(crate) fn build(package: &str, folder: &str) -> Result<PathBuf> {
    let page = project::target().join("example-pages").join(package);
    step(&format!("Building the page of examples/{folder}"), "seconds if nothing changed, 2 min the first time", || {
        run(wasm::cargo("build").args(["--quiet", "--package", package, "--target", TARGET]))?;
        let built = project::target().join(TARGET).join("debug").join(format!("{package}.wasm"));
        let mut bindgen = Command::new(tools::folder(&tools::wasm_bindgen()?)?.join("wasm-bindgen"));
        run(bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&page).arg(built))?;
        let source = project::root().join("examples").join(folder).join("index.html");
        let html = fs::read_to_string(&source).map_err(|e| failure(format!("{} can't be read: {e}", source.display())))?;
        let script = format!("<script type=\"module\">import init from \"/{package}.js\"; init();</script>");
        fs::write(page.join("index.html"), html.replace(TRUNK_LINK, &script))
            .map_err(|e| failure(format!("the page can't be written to {}: {e}", page.display())))
    })?;
    Ok(page)
}
