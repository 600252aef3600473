//! A copy of the built app, from which a test takes files, as a deployment does under an open page.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::Result;
use crate::server::from_env;

/// A copy of the built app. Dropping it deletes the files.
pub struct AppFiles(TempDir);

impl AppFiles {
    /// Copies the app, without the files with this ending and their compressed forms.
    ///
    /// # Errors
    /// The app is not built, or the files cannot be copied.
    pub fn without(ending: &str) -> Result<Self> {
        let copy = Self(tempfile::tempdir()?);
        copy.copy(|name| !name.contains(ending))?;
        Ok(copy)
    }

    /// Adds the missing files.
    ///
    /// # Errors
    /// The files cannot be copied.
    pub fn complete(&self) -> Result {
        self.copy(|_| true)
    }

    /// The folder, for `--web-root`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.path().to_str().unwrap_or_default()
    }

    fn copy(&self, wanted: impl Fn(&str) -> bool) -> Result {
        copy(&from_env("WUGAN_WEB_ROOT", "dist"), self.0.path(), &wanted)
    }
}

fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) -> Result {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).map_err(|e| format!("{}: {e}; `cargo xtask test e2e` builds the app", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, wanted)?;
        } else if wanted(&entry.file_name().to_string_lossy()) {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
