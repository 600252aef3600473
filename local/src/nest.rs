//! The backend of the tutorial's kind in `bench/nest`, which tests and measurements run.

use std::process::Command;

use wugan_bundle::project;
use wugan_bundle::step::{Result, step};

use crate::packages;
use crate::process::run;

/// Installs its packages, and compiles it.
///
/// # Errors
/// If Node.js or npm cannot be installed, or the packages cannot be fetched or compiled.
pub fn build() -> Result<()> {
    packages::require("node", "nodejs", "Node.js (it runs the Nest backend)")?;
    packages::require("npm", "npm", "npm (for the Nest backend)")?;
    let nest = project::root().join("bench/nest");
    step("Building the Nest backend", "seconds, 1 min the first time", || {
        if !nest.join("node_modules/.package-lock.json").exists() {
            run(Command::new("npm").args(["ci", "--silent"]).current_dir(&nest))?;
        }
        run(Command::new("npm").args(["run", "--silent", "build"]).current_dir(&nest))
    })
}
