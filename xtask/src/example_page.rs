//! The pages of the examples, built without trunk, for tests.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

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

/// The server of `examples/ssr`, and the folder with its browser part.
pub(crate) fn rendered_on_server() -> Result<(PathBuf, PathBuf)> {
    const PACKAGE: &str = "wugan-example-ssr";
    step("Building the example that a server renders", "seconds if nothing changed, 3 min the first time", || {
        run(project::cargo().args(["build", "--quiet", "--package", PACKAGE, "--features", "ssr"]))?;
        let mut browser = wasm::cargo("build");
        browser.args(["--quiet", "--package", PACKAGE, "--lib", "--features", "hydrate", "--target", TARGET]);
        // Without `--cfg erase_components` (.cargo/config.toml), as the server is compiled: it changes what is rendered.
        run(browser.env("RUSTFLAGS", ""))
    })?;
    let program = project::target().join("debug").join(format!("{PACKAGE}{}", env::consts::EXE_SUFFIX));
    Ok((program, bindings(PACKAGE, "wugan_example_ssr")?))
}

/// Binds the compiled page of a package in this folder of `examples/`, and returns the folder with its files.
pub(crate) fn bind(package: &str, folder: &str) -> Result<PathBuf> {
    let page = bindings(package, package)?;
    let source = project::root().join("examples").join(folder).join("index.html");
    let html = fs::read_to_string(&source).map_err(|e| failure(format!("{} can't be read: {e}", source.display())))?;
    let script = format!("<script type=\"module\">import init from \"/{package}.js\"; init();</script>");
    fs::write(page.join("index.html"), html.replace(TRUNK_LINK, &script))
        .map_err(|e| failure(format!("the page can't be written to {}: {e}", page.display())))?;
    Ok(page)
}

/// Runs wasm-bindgen, and returns the folder with its output.
fn bindings(package: &str, program: &str) -> Result<PathBuf> {
    let page = project::target().join("example-pages").join(package);
    let built = project::target().join(TARGET).join("debug").join(format!("{program}.wasm"));
    let mut bindgen = Command::new(tools::folder(&tools::wasm_bindgen()?)?.join("wasm-bindgen"));
    run(bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&page).arg(built))?;
    Ok(page)
}
