//! Packages of npm for the end-to-end tests, fetched once into the user's cache, in fixed versions. No script of a package runs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::tools::cache;

use crate::packages;
use crate::process::run;

/// axe-core, the accessibility checker: its script, which runs in a page.
///
/// # Errors
/// If it cannot be fetched, or what fetches it is missing and cannot be installed.
pub fn axe() -> Result<PathBuf> {
    Ok(modules(&[("axe-core", "4.14.1")])?.join("axe-core/axe.min.js"))
}

/// The folder `node_modules` with `oidc-provider`, an OpenID provider. Version 8 is the last one for Node.js 20, which Debian has.
///
/// # Errors
/// If it cannot be fetched, or what fetches it is missing and cannot be installed.
pub fn openid_provider() -> Result<PathBuf> {
    packages::require("node", "nodejs", "Node.js (it runs the OpenID provider of the tests)")?;
    modules(&[("oidc-provider", "8.8.1")])
}

/// The folder `node_modules` with what the guide's Express server imports.
///
/// # Errors
/// If it cannot be fetched, or what fetches it is missing and cannot be installed.
pub fn express() -> Result<PathBuf> {
    packages::require("node", "nodejs", "Node.js (it runs the Express server of the tests)")?;
    modules(&[("express", "5.3.0"), ("jsonwebtoken", "9.0.3")])
}

/// The folder `node_modules` with `lighthouse`, which rates pages. Version 12 is the last one for Node.js 20.
///
/// # Errors
/// If it cannot be fetched, or what fetches it is missing and cannot be installed.
pub fn lighthouse() -> Result<PathBuf> {
    packages::require("node", "nodejs", "Node.js (it runs Lighthouse)")?;
    modules(&[("lighthouse", "12.8.2")])
}

/// The folder `node_modules` with packages in these versions.
fn modules(wanted: &[(&str, &str)]) -> Result<PathBuf> {
    let names = wanted.iter().map(|(package, version)| format!("{package}@{version}")).collect::<Vec<_>>();
    let folder = cache()?.join(names.join("+").replace('@', "-"));
    let modules = folder.join("node_modules");
    let is_there = |(package, version): &(&str, &str)| {
        let manifest = fs::read_to_string(modules.join(package).join("package.json"));
        manifest.is_ok_and(|manifest| has_version(&manifest, version))
    };
    if wanted.iter().all(is_there) {
        return Ok(modules);
    }
    let listed = names.join(" and ");
    packages::require("npm", "npm", &format!("npm (it fetches {listed} for the tests)"))?;
    step(&format!("Fetching {listed}, once"), "half a minute", || {
        fs::create_dir_all(&folder).map_err(|e| failure(format!("{} can't be created: {e}", folder.display())))?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
        run(npm.arg(&folder).args(&names).current_dir(&folder))
    })?;
    let wrong = || failure(format!("npm did not fetch {listed}: remove {} and try again", folder.display()));
    if wanted.iter().all(is_there) { Ok(modules) } else { Err(wrong()) }
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
