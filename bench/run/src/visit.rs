//! The files of a first visit: the page and the files that it names, raw and compressed; and the parts that are loaded later.

use std::fs;
use std::path::{Path, PathBuf};

use wugan_bundle::compress::{brotli, files, gzip, read};
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure};

use crate::heading;

pub(crate) fn measure() -> Result<()> {
    let (first, later) = loaded()?;
    table("Files of a first visit, in bytes", &first)?;
    let script =
        first.iter().find(|file| file.extension().is_some_and(|end| end == "js")).ok_or_else(|| failure("the page names no script"))?;
    let script = fs::read_to_string(script).map_err(|e| failure(format!("{} can't be read: {e}", script.display())))?;
    let (shared, parts): (Vec<_>, Vec<_>) = later.into_iter().partition(|file| name(file).starts_with("shared"));
    for part in parts {
        let title = format!("Files that are loaded when the part “{}” is opened", part_of(&part));
        let needed = needed(&script, &name(&part));
        let shared = shared.iter().filter(|file| needed.contains(&part_of(file))).cloned();
        table(&title, &shared.chain([part.clone()]).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The bytes of a first visit, compressed by brotli.
#[cfg(test)]
pub(crate) fn bytes() -> Result<usize> {
    loaded()?.0.iter().map(|file| Ok(brotli(&read(file)?)?.len())).sum()
}

/// The shared files of a part: the script lists them after the part (`, [__chunk_3, __chunk_4]));`). `__chunk_3` is `shared_3`.
fn needed(script: &str, part: &str) -> Vec<String> {
    let listed = script.split_once(part).and_then(|(_, after)| after.split_once(", [")?.1.split_once(']'));
    let chunks = listed.map_or("", |(chunks, _)| chunks).split(", ");
    chunks.filter_map(|chunk| Some(format!("shared_{}", chunk.strip_prefix("__chunk_")?))).collect()
}

fn table(title: &str, loaded: &[PathBuf]) -> Result<()> {
    heading(title);
    println!("{:<44}{:>10}{:>10}{:>10}", "file", "raw", "gzip", "brotli");
    let mut sum = [0; 3];
    for file in loaded {
        let raw = read(file)?;
        let sizes = [raw.len(), gzip(&raw)?.len(), brotli(&raw)?.len()];
        println!("{:<44}{:>10}{:>10}{:>10}", name(file), sizes[0], sizes[1], sizes[2]);
        sum.iter_mut().zip(sizes).for_each(|(sum, size)| *sum += size);
    }
    println!("{:<44}{:>10}{:>10}{:>10}", "all", sum[0], sum[1], sum[2]);
    Ok(())
}

/// The page, its script and its program; and the parts that the program loads later.
fn loaded() -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let page = project::dist().join("index.html");
    let html = fs::read_to_string(&page).map_err(|e| failure(format!("{} can't be read: {e}", page.display())))?;
    let all = files(&project::dist())?;
    let (first, later): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|file| *file == page || (has_extension(file, &["js", "wasm"]) && html.contains(&name(file))));
    Ok((first, later.into_iter().filter(|file| has_extension(file, &["wasm"])).collect()))
}

fn has_extension(file: &Path, any: &[&str]) -> bool {
    file.extension().and_then(|end| end.to_str()).is_some_and(|end| any.contains(&end))
}

/// The name of a part: `inspector`, of `inspector-0123456789abcdef.wasm`.
fn part_of(part: &Path) -> String {
    let name = name(part);
    name.rsplit_once('-').map_or(name.clone(), |(page, _)| page.to_owned())
}

fn name(file: &Path) -> String {
    file.strip_prefix(project::dist()).unwrap_or(file).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::needed;

    #[test]
    fn shared_files_are_listed_after_their_part() {
        let script = "const a = makeLoad(() => {\nfetch(new URL(\"./one-0.wasm\"));\n}\n, []);\nconst b = makeLoad(() => {\nfetch(new URL(\"./two-0.wasm\"));\n}\n, [__chunk_3, __chunk_12]);\n";
        assert_eq!(needed(script, "two-0.wasm"), ["shared_3", "shared_12"]);
        assert!(needed(script, "one-0.wasm").is_empty());
    }
}
