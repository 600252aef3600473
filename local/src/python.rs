//! Packages of Python for the end-to-end tests, fetched once into the user's cache, in fixed versions.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wugan_bundle::command::output_of;
use wugan_bundle::step::{Result, failure, step};
use wugan_bundle::tools::cache;

use crate::packages;
use crate::process::run;

const DJANGO: [&str; 3] = ["django==5.2.19", "djangorestframework==3.18.3", "djangorestframework-simplejwt==5.5.1"];

/// The folder with Django SimpleJWT, for `PYTHONPATH`.
///
/// # Errors
/// If it cannot be fetched, or what fetches it is missing and cannot be installed.
pub fn django() -> Result<PathBuf> {
    let folder = cache()?.join(DJANGO.join("+").replace("==", "-"));
    if folder.exists() {
        return Ok(folder);
    }
    packages::require("python3", "python3", "Python (it runs the Django project of the tests)")?;
    if output_of(Command::new("python3").args(["-m", "pip", "--version"])).is_none() {
        packages::install(&["python3-pip"], "pip (it fetches Django for the tests)", "1 min")?;
    }
    // Renamed when it is complete: an interrupted run leaves no half of it.
    let part = folder.with_added_extension("part");
    step("Fetching Django, Django REST framework and SimpleJWT, once", "20 s", || {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--root-user-action=ignore", "--upgrade", "--target"]).arg(&part).args(DJANGO);
        run(&mut pip)
    })?;
    fs::rename(&part, &folder).map_err(|e| failure(format!("{} can't be renamed: {e}", part.display())))?;
    Ok(folder)
}
