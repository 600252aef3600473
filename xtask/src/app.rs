//! The app as people load it: built by trunk into `dist`, small above all, split, and packed.

use std::process::Command;

use crate::compress;
use crate::process::{Running, run};
use crate::project;
use crate::split;
use crate::step::{Result, step};
use crate::tools;
use crate::wasm::{self, Toolchain};

/// The cargo profile in the root manifest that makes small wasm.
pub(crate) const PROFILE: &str = "browser";

pub(crate) fn build() -> Result<()> {
    // Not `--release`: that would let trunk run any wasm-opt it finds, and Debian's breaks what wasm-bindgen has made.
    let (toolchain, mut trunk) = trunk("build")?;
    toolchain.shrink(&mut trunk)?;
    trunk.args(["--quiet", "--cargo-profile", PROFILE, "--features", "split", "--locked"]);
    step("Building the app for the browser", "5 s if nothing changed, 2 min if it did, 6 min the first time", || run(&mut trunk))?;
    let built = toolchain.target_dir().join(wasm::TARGET).join(PROFILE).join("wugan-app.wasm");
    step("Splitting it", "5 s", || split::split(&built, &project::dist()))?;
    step("Packing its files", "5 s", || compress::folder(&project::dist()))
}

/// `trunk serve`: builds at every change of a file, and reloads the page.
pub(crate) fn watch(port: u16) -> Result<Running> {
    let (_, mut trunk) = trunk("serve")?;
    Running::start(trunk.args(["--port", &port.to_string()]))
}

fn trunk(task: &str) -> Result<(Toolchain, Command)> {
    let toolchain = wasm::toolchain()?;
    let tools = [tools::wasm_bindgen()?, tools::trunk()?];
    let mut trunk = Command::new(tools[1].join("trunk"));
    trunk.args([task, "--skip-version-check"]);
    toolchain.prepare(&mut trunk, &tools);
    Ok((toolchain, trunk))
}
