//! Chromium and its driver, for tests in a browser.

use std::env;
use std::path::PathBuf;

use crate::debian;
use crate::step::{Result, failure};

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The driver's program; with it comes a browser. `CHROMEDRIVER` names another one.
pub(crate) fn driver() -> Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMEDRIVER").map(PathBuf::from) {
        return if named.exists() {
            Ok(named)
        } else {
            Err(failure(format!("CHROMEDRIVER names {}, which is not there", named.display())))
        };
    }
    if let Some(found) = on_path("chromedriver").filter(|_| BROWSERS.iter().any(|name| on_path(name).is_some())) {
        return Ok(found);
    }
    debian::install(&["chromium", "chromium-driver"], "Chromium or its chromedriver", "1 min")?;
    on_path("chromedriver").ok_or_else(|| failure("chromedriver is not on PATH although its package is installed: set CHROMEDRIVER to it"))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(format!("{program}{}", env::consts::EXE_SUFFIX))).find(|file| file.is_file())
}
