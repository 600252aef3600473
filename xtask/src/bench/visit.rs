//! What a first visit loads: the page and what it names, raw and packed both ways.

use std::fs;
use std::path::PathBuf;

use super::head;
use crate::app;
use crate::compress::{brotli, files, gzip, read};
use crate::project;
use crate::step::{Result, failure};

pub(super) fn measure() -> Result<()> {
    app::build()?;
    head("What a first visit loads, in bytes");
    println!("{:<44}{:>10}{:>10}{:>10}", "file", "raw", "gzip", "brotli");
    let mut sum = [0; 3];
    for file in loaded_first()? {
        let raw = read(&file)?;
        let sizes = [raw.len(), gzip(&raw)?.len(), brotli(&raw)?.len()];
        let name = file.strip_prefix(project::dist()).unwrap_or(&file).display().to_string();
        println!("{name:<44}{:>10}{:>10}{:>10}", sizes[0], sizes[1], sizes[2]);
        sum.iter_mut().zip(sizes).for_each(|(sum, size)| *sum += size);
    }
    println!("{:<44}{:>10}{:>10}{:>10}", "all", sum[0], sum[1], sum[2]);
    Ok(())
}

fn loaded_first() -> Result<Vec<PathBuf>> {
    let page = project::dist().join("index.html");
    let html = fs::read_to_string(&page).map_err(|e| failure(format!("{} can't be read: {e}", page.display())))?;
    let named = |file: &PathBuf| file.strip_prefix(project::dist()).is_ok_and(|name| html.contains(&*name.to_string_lossy()));
    Ok(files(&project::dist())?.into_iter().filter(|file| *file == page || named(file)).collect())
}
