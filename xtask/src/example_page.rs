//! The pages of the examples, built without trunk, for tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::wasm::{self, TARGET};
use wugan_local::process::run;

use crate::tools;

/// The packages of the pages.
pub(crate) const PACKAGES: [&str; 7] = [
    "wugan-e2e-foreign-page",
    "wugan-example-axum-page",
    "wugan-example-bare",
    "wugan-example-cookie",
    "wugan-example-dpop",
    "wugan-example-leptos",
    "wugan-example-oidc",
];
const TRUNK_LINK: &str = "<link data-trunk rel=\"rust\" />";

/// Compiles all pages by one command: with one set of features, their common dependencies are compiled once.
pub(crate) fn compile_all() -> Result<()> {
    step("Building the examples", "seconds if nothing changed, 3 min the first time", || {
        let packages = PACKAGES.map(|package| format!("--package={package}"));
        run(wasm::cargo("build").args(["--quiet", "--target", TARGET]).args(packages))
    })
}

/// Binds the compiled page of a package in this folder of `examples/`, and returns the folder with its files.
pub(crate) fn bind(package: &str, folder: &str) -> Result<PathBuf> {
    let page = project::target().join("example-pages").join(package);
    let built = project::target().join(TARGET).join("debug").join(format!("{package}.wasm"));
    let mut bindgen = Command::new(tools::folder(&tools::wasm_bindgen()?)?.join("wasm-bindgen"));
    run(bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&page).arg(built))?;
    let source = project::root().join("examples").join(folder).join("index.html");
    let html = fs::read_to_string(&source).map_err(|e| failure(format!("{} can't be read: {e}", source.display())))?;
    let script = format!("<script type=\"module\">import init from \"/{package}.js\"; init();</script>");
    fs::write(page.join("index.html"), html.replace(TRUNK_LINK, &script))
        .map_err(|e| failure(format!("the page can't be written to {}: {e}", page.display())))?;
    Ok(page)
}
