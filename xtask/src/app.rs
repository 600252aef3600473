//! The app, built by trunk.

use std::process::Command;
use std::sync::Once;

use wugan_bundle::project;
use wugan_bundle::step::{Result, step};
use wugan_bundle::tools::wasm_split;
use wugan_local::process::{Running, run};

use crate::toolchain;
use crate::tools;

static BUILT: Once = Once::new();

/// Builds the app for production into `dist`, once per run: `trunk build --release` and its hook.
pub(crate) fn build() -> Result<()> {
    if BUILT.is_completed() {
        return Ok(());
    }
    tools::folder(&wasm_split())?;
    toolchain::add_source();
    let mut trunk = trunk("build")?;
    let duration = "20 s if nothing changed, 2 min if it did, 8 min the first time";
    step("Building the app: `trunk build --release`", duration, || run(trunk.args(["--release", "--quiet", "--locked"])))?;
    BUILT.call_once(|| ());
    Ok(())
}

/// `trunk serve`: builds at each change of a file, and reloads the page.
pub(crate) fn watch(port: u16) -> Result<Running> {
    // In a folder of its own: trunk empties that of a release build, which may run at the same time.
    Running::start(trunk("serve")?.args(["--dist", "target/trunk-serve", "--port", &port.to_string()]))
}

fn trunk(task: &str) -> Result<Command> {
    toolchain::add_target()?;
    let folders = [tools::folder(&tools::wasm_bindgen()?)?, tools::folder(&tools::trunk())?];
    let mut trunk = Command::new(folders[1].join("trunk"));
    // trunk parses NO_COLOR as a boolean and stops at "1".
    trunk.args([task, "--skip-version-check"]).current_dir(project::root()).env_remove("NO_COLOR");
    tools::put_on_path(&mut trunk, &folders);
    Ok(trunk)
}
