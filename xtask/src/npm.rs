//! Packages of npm for the end-to-end tests, fetched once into the user's cache, in fixed versions. No script of a package runs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::tools::cache;
use wugan_local::packages;
use wugan_local::process::run;

/// axe-core, the accessibility checker: its script, which runs in a page.
pub(crate) fn axe() -> Result<PathBuf> {
    Ok(modules("axe-core", "4.14.1")?.join("axe-core/axe.min.js"))
}

/// The folder `node_modules` with `oidc-provider`, an OpenID provider. Version 8 is the last one for Node.js 20, which Debian has.
pub(crate) fn openid_provider() -> Result<PathBuf> {
    packages::require("node", "nodejs", "Node.js (it runs the OpenID provider of the tests)")?;
    modules("oidc-provider", "8.8.1")
}

/// The folder `node_modules` with a package in this version.
fn modules(package: &str, version: &str) -> Result<PathBuf> {
    let folder = cache()?.join(format!("{package}-{version}"));
    let modules = folder.join("node_modules");
    let manifest = modules.join(package).join("package.json");
    let is_there = || fs::read_to_string(&manifest).is_ok_and(|manifest| has_version(&manifest, version));
    if is_there() {
        return Ok(modules);
    }
    packages::require("npm", "npm", &format!("npm (it fetches {package} for the tests)"))?;
    step(&format!("Fetching {package} {version}, once"), "10 s", || {
        fs::create_dir_all(&folder).map_err(|e| failure(format!("{} can't be created: {e}", folder.display())))?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
        run(npm.arg(&folder).arg(format!("{package}@{version}")).current_dir(&folder))
    })?;
    let wrong = || failure(format!("npm did not fetch {package} {version}: remove {} and try again", folder.display()));
    if is_there() { Ok(modules) } else { Err(wrong()) }
}

fn has_version(manifest: &str, version: &str) -> bool {
    manifest.contains(&format!("\"version\": \"{version}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_not_taken() {
        assert!(has_version("{\n  \"name\": \"oidc-provider\",\n  \"version\": \"8.8.1\",\n", "8.8.1"));
        assert!(!has_version("{ \"version\": \"7.0.0\" }", "8.8.1"));
    }
}
