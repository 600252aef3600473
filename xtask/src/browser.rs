//! The WebDriver programs of Chromium, Firefox and WebKitGTK: found, or installed together with their browsers.

use std::env;
use std::path::PathBuf;

use wugan_bundle::step::{Result, failure};
use wugan_local::packages;

use crate::tools;

/// chromedriver, with a Chromium. `CHROMEDRIVER` names another one.
pub(crate) fn chromedriver() -> Result<PathBuf> {
    const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    driver("CHROMEDRIVER", || {
        if !is_on_path(&CHROMIUM) || !is_on_path(&["chromedriver"]) {
            packages::install(&["chromium", "chromium-driver"], "Chromium or its chromedriver", "1 min")?;
        }
        Ok(on_path("chromedriver"))
    })
}

/// geckodriver, with a Firefox. `GECKODRIVER` names another one.
pub(crate) fn geckodriver() -> Result<PathBuf> {
    driver("GECKODRIVER", || {
        if !is_on_path(&["firefox-esr", "firefox"]) {
            packages::install(&["firefox-esr"], "Firefox", "1 min")?;
        }
        Ok(Some(tools::folder(&tools::geckodriver())?.join(format!("geckodriver{}", env::consts::EXE_SUFFIX))))
    })
}

/// WebKitWebDriver, with WebKitGTK's MiniBrowser and an X server without a screen. `WEBKITDRIVER` names another one.
pub(crate) fn webkit_driver() -> Result<PathBuf> {
    driver("WEBKITDRIVER", || {
        if !is_on_path(&["WebKitWebDriver"]) || !is_on_path(&["Xvfb"]) {
            packages::install(&["webkit2gtk-driver", "xvfb"], "WebKitGTK's WebKitWebDriver or the X server Xvfb", "1 min")?;
        }
        Ok(on_path("WebKitWebDriver"))
    })
}

/// The program that a variable names, or else the one that `find` returns.
fn driver(variable: &str, find: impl FnOnce() -> Result<Option<PathBuf>>) -> Result<PathBuf> {
    match env::var_os(variable).map(PathBuf::from) {
        Some(program) if program.exists() => Ok(program),
        Some(program) => Err(failure(format!("{variable} names {}, which does not exist", program.display()))),
        None => {
            find()?.ok_or_else(|| failure(format!("the driver is not on PATH although its package is installed: set {variable} to it")))
        }
    }
}

fn is_on_path(any_of: &[&str]) -> bool {
    any_of.iter().any(|program| on_path(program).is_some())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(format!("{program}{}", env::consts::EXE_SUFFIX))).find(|file| file.is_file())
}
