//! Compresses the app's files at build time: `x.wasm` gets `x.wasm.br` and `x.wasm.gz` beside it, which the server sends.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::step::{Result, failure};

/// Types of files that compression makes smaller. Pictures and fonts are already compressed.
const TEXTUAL: [&str; 8] = ["html", "js", "css", "wasm", "svg", "json", "txt", "webmanifest"];

/// Compresses each file in a folder that becomes smaller by it.
pub(crate) fn folder(folder: &Path) -> Result<()> {
    for file in files(folder)?.iter().filter(|file| extension(file).is_some_and(|e| TEXTUAL.contains(&e))) {
        let raw = read(file)?;
        for (suffix, compressed) in [("br", brotli(&raw)?), ("gz", gzip(&raw)?)] {
            if compressed.len() < raw.len() {
                let beside = PathBuf::from(format!("{}.{suffix}", file.display()));
                fs::write(&beside, compressed).map_err(|e| failure(format!("{} can't be written: {e}", beside.display())))?;
            }
        }
    }
    Ok(())
}

/// All files below a folder, sorted.
///
/// # Errors
/// If a folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| failure(format!("{} can't be read: {e}", folder.display())))?;
    let mut found = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read; the message names it.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(|e| failure(format!("{} can't be read: {e}", file.display())))
}

/// Brotli with quality 11 and a window of 4 MiB.
///
/// # Errors
/// If the encoder fails.
pub fn brotli(raw: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 64 * 1024, 11, 22);
    writer.write_all(raw).and_then(|()| writer.flush()).map_err(|e| failure(format!("brotli: {e}")))?;
    drop(writer);
    Ok(compressed)
}

/// Gzip with the best compression.
///
/// # Errors
/// If the encoder fails.
pub fn gzip(raw: &[u8]) -> Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(raw).and_then(|()| writer.finish()).map_err(|e| failure(format!("gzip: {e}")))
}

fn extension(file: &Path) -> Option<&str> {
    file.extension()?.to_str()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Read;

    #[test]
    fn compressed_files_decompress_to_the_original() {
        let text = "four requests, one refresh\n".repeat(500);
        let mut back = String::new();
        brotli::Decompressor::new(&brotli(text.as_bytes()).unwrap()[..], 4096).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        back.clear();
        flate2::read::GzDecoder::new(&gzip(text.as_bytes()).unwrap()[..]).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn only_files_that_become_smaller_are_compressed() {
        let dist = tempfile::tempdir().unwrap();
        fs::create_dir(dist.path().join("icons")).unwrap();
        fs::write(dist.path().join("icons/a.svg"), "<svg>".repeat(100)).unwrap();
        fs::write(dist.path().join("tiny.txt"), "x").unwrap();
        fs::write(dist.path().join("photo.png"), "y".repeat(1000)).unwrap();
        folder(dist.path()).unwrap();
        let names = files(dist.path()).unwrap();
        let names: Vec<_> = names.iter().map(|f| f.strip_prefix(dist.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["icons/a.svg", "icons/a.svg.br", "icons/a.svg.gz", "photo.png", "tiny.txt"]);
    }
}
