//! Puts a finished build into the folder that servers serve.

use std::fs;
use std::path::{Path, PathBuf};

use crate::compress::{files, read};
use crate::step::{Result, failure};

/// Makes `dist` a copy of `built`. New files come first, the page after the files that it names, and old files go last, so that a running
/// server answers complete pages.
pub(crate) fn publish(built: &Path, dist: &Path) -> Result<()> {
    let mut new = files(built)?.into_iter().filter_map(|file| file.strip_prefix(built).ok().map(Path::to_owned)).collect::<Vec<_>>();
    new.sort_by_key(|name| name.starts_with("index.html"));
    for name in &new {
        write(&dist.join(name), &read(&built.join(name))?)?;
    }
    let is_old = |file: &Path| file.strip_prefix(dist).is_ok_and(|name| !new.iter().any(|kept| kept == name));
    for old in files(dist)?.iter().filter(|file| is_old(file)) {
        fs::remove_file(old).map_err(|e| failure(format!("{} can't be removed: {e}", old.display())))?;
    }
    Ok(())
}

/// Writes a file under another name and renames it, so that no reader sees a part of it.
fn write(file: &Path, content: &[u8]) -> Result<()> {
    let unfinished = PathBuf::from(format!("{}.part", file.display()));
    let written = fs::create_dir_all(file.parent().unwrap_or(file)).and_then(|()| fs::write(&unfinished, content));
    written.and_then(|()| fs::rename(&unfinished, file)).map_err(|e| failure(format!("{} can't be written: {e}", file.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_new_build_replaces_all_files_of_the_old_one() {
        let (built, dist) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(dist.path().join("old")).unwrap();
        for old in ["app-1.js", "index.html", "index.html.br", "old/icon.svg"] {
            fs::write(dist.path().join(old), "1").unwrap();
        }
        fs::create_dir(built.path().join("icons")).unwrap();
        for new in ["app-2.js", "index.html", "icons/icon.svg"] {
            fs::write(built.path().join(new), "2").unwrap();
        }
        // The second time, nothing has changed.
        for _ in 0..2 {
            publish(built.path(), &dist.path().join("")).unwrap();
            let published = files(dist.path()).unwrap();
            let names = published.iter().map(|file| file.strip_prefix(dist.path()).unwrap().to_str().unwrap()).collect::<Vec<_>>();
            assert_eq!(names, ["app-2.js", "icons/icon.svg", "index.html"]);
            assert!(published.iter().all(|file| fs::read(file).unwrap() == b"2"));
        }
    }

    #[test]
    fn the_folder_is_created() {
        let (built, parent) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(built.path().join("index.html"), "").unwrap();
        publish(built.path(), &parent.path().join("dist")).unwrap();
        assert!(parent.path().join("dist/index.html").exists());
    }
}
