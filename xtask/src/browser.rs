//! The WebDriver programs of Chromium, Firefox and WebKitGTK: found, or installed together with their browsers.

use std::env;
use std::path::PathBuf;

use crate::debian;
use crate::step::{Result, failure};
use crate::tools;

const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];

/// chromedriver, with a Chromium beside it. `CHROMEDRIVER` names another one.
pub(crate) fn chromedriver() -> Result<PathBuf> {
    if let Some(named) = named("CHROMEDRIVER")? {
        return Ok(named);
    }
    if !is_on_path(&CHROMIUM) || !is_on_path(&["chromedriver"]) {
        debian::install(&["chromium", "chromium-driver"], "Chromium or its chromedriver", "1 min")?;
    }
    installed("chromedriver", "CHROMEDRIVER")
}

/// geckodriver, with a Firefox beside it. `GECKODRIVER` names another one.
pub(crate) fn geckodriver() -> Result<PathBuf> {
    if let Some(named) = named("GECKODRIVER")? {
        return Ok(named);
    }
    if !is_on_path(&FIREFOX) {
        debian::install(&["firefox-esr"], "Firefox", "1 min")?;
    }
    Ok(tools::geckodriver()?.join(format!("geckodriver{}", env::consts::EXE_SUFFIX)))
}

/// WebKitWebDriver, with WebKitGTK's MiniBrowser and an X server that needs no screen. `WEBKITDRIVER` names another one.
pub(crate) fn webkit_driver() -> Result<PathBuf> {
    if let Some(named) = named("WEBKITDRIVER")? {
        return Ok(named);
    }
    if !is_on_path(&["WebKitWebDriver"]) || !is_on_path(&["Xvfb"]) {
        debian::install(&["webkit2gtk-driver", "xvfb"], "WebKitGTK's WebKitWebDriver or the X server Xvfb", "1 min")?;
    }
    installed("WebKitWebDriver", "WEBKITDRIVER")
}

/// The program that an environment variable names.
fn named(variable: &str) -> Result<Option<PathBuf>> {
    match env::var_os(variable).map(PathBuf::from) {
        Some(program) if !program.exists() => Err(failure(format!("{variable} names {}, which does not exist", program.display()))),
        program => Ok(program),
    }
}

fn installed(program: &str, variable: &str) -> Result<PathBuf> {
    on_path(program).ok_or_else(|| failure(format!("{program} is not on PATH although its package is installed: set {variable} to it")))
}

fn is_on_path(any_of: &[&str]) -> bool {
    any_of.iter().any(|program| on_path(program).is_some())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(format!("{program}{}", env::consts::EXE_SUFFIX))).find(|file| file.is_file())
}
