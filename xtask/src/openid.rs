//! What the end-to-end tests of OpenID Connect need: npm's `oidc-provider` in a fixed version.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::debian;
use crate::process::{output_of, run};
use crate::step::{Result, failure, step};
use crate::tools;

/// The last one that runs with Node.js 20, which Debian has.
const VERSION: &str = "8.8.1";

/// The folder `node_modules` with `oidc-provider` in it.
pub(crate) fn provider() -> Result<PathBuf> {
    if output_of(Command::new("node").arg("--version")).is_none() {
        debian::install(&["nodejs"], "Node.js (it runs the OpenID provider of the tests)", "1 min")?;
    }
    let folder = tools::cache()?.join(format!("oidc-provider-{VERSION}"));
    let modules = folder.join("node_modules");
    let manifest = modules.join("oidc-provider/package.json");
    let is_ours = || fs::read_to_string(&manifest).is_ok_and(|text| names_version(&text));
    if is_ours() {
        return Ok(modules);
    }
    if output_of(Command::new("npm").arg("--version")).is_none() {
        debian::install(&["npm"], "npm (it fetches the OpenID provider of the tests)", "1 min")?;
    }
    step(&format!("Fetching oidc-provider {VERSION}, once"), "10 s", || {
        fs::create_dir_all(&folder).map_err(|e| failure(format!("{} can't be made: {e}", folder.display())))?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
        run(npm.arg(&folder).arg(format!("oidc-provider@{VERSION}")).current_dir(&folder))
    })?;
    match is_ours() {
        true => Ok(modules),
        false => Err(failure(format!("npm did not bring oidc-provider {VERSION}: remove {} and try again", folder.display()))),
    }
}

fn names_version(manifest: &str) -> bool {
    manifest.contains(&format!("\"version\": \"{VERSION}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_not_taken() {
        assert!(names_version(&format!("{{\n  \"name\": \"oidc-provider\",\n  \"version\": \"{VERSION}\",\n")));
        assert!(!names_version("{ \"version\": \"7.0.0\" }"));
    }
}
