//! The app as people load it: built by trunk into `dist`, small above all, split, and packed.

use std::process::Command;

use crate::compress;
use crate::process::{Running, run};
use crate::project;
use crate::split;
use crate::step::{Result, step};
use crate::tools;
use crate::wasm::{self, PROFILE};

pub(crate) fn build() -> Result<()> {
    // Without `--release`, trunk runs no wasm-opt. Debian's wasm-opt (108) breaks the output of wasm-bindgen.
    let mut trunk = trunk("build")?;
    wasm::shrink(&mut trunk)?;
    trunk.args(["--quiet", "--cargo-profile", PROFILE, "--features", "split", "--locked"]);
    step("Building the app for the browser", "5 s if nothing changed, 2 min if it did, 6 min the first time", || run(&mut trunk))?;
    let built = project::target().join(wasm::TARGET).join(PROFILE).join("wugan-app.wasm");
    step("Splitting it", "5 s", || split::split(&built, &project::dist()))?;
    step("Packing its files", "5 s", || compress::folder(&project::dist()))
}

/// `trunk serve`: builds at every change of a file, and reloads the page.
pub(crate) fn watch(port: u16) -> Result<Running> {
    Running::start(trunk("serve")?.args(["--port", &port.to_string()]))
}

fn trunk(task: &str) -> Result<Command> {
    wasm::add_target()?;
    let tools = [tools::wasm_bindgen()?, tools::trunk()?];
    let mut trunk = Command::new(tools[1].join("trunk"));
    trunk.args([task, "--skip-version-check"]);
    wasm::prepare(&mut trunk, &tools);
    Ok(trunk)
}
