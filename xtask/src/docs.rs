//! Checks the documents: links, the guide's list of pages, copies of files, figures of `sizes.toml`, named tests and files, pronouns.
//! With `WUGAN_WRITE_DOCS=1` copies and figures are written anew. mdBook builds the guide where it is installed.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use wugan_bundle::command::output_of;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_local::process::run as run_command;

const GUIDE: &str = "docs/guide/src";
const SNIPPETS: &str = "docs/snippets/src/lib.rs";

/// Pronouns that hide what acts: a sentence names the tab, the client, the server or the user instead.
const PRONOUNS: [&str; 13] =
    ["who", "whoever", "whom", "whomever", "somebody", "nobody", "everybody", "anybody", "he", "him", "his", "himself", "whosoever"];

/// The table of the client's cases, and the folders whose tests name them. The server numbers its own.
const CASES: &str = "docs/cases.md";
const CASE_TESTS: [&str; 4] = ["client", "testing", "e2e", "src"];

/// All Markdown documents, and all Rust sources as one text; those with the client's cases a second time.
struct Documents {
    root: PathBuf,
    pages: BTreeMap<PathBuf, String>,
    sources: String,
    case_tests: String,
}

pub(crate) fn run() -> Result<()> {
    step("Checking the documents", "a second; mdBook is used if it is installed", || {
        let mut documents = Documents::read(project::root())?;
        let mut faults = documents.generate(env::var_os("WUGAN_WRITE_DOCS").is_some())?;
        faults.extend(documents.faults());
        if !faults.is_empty() {
            return Err(failure(format!("{} faults in the documents:\n  {}", faults.len(), faults.join("\n  "))));
        }
        if output_of(Command::new("mdbook").arg("--version")).is_some() {
            let book = project::target().join("guide");
            run_command(Command::new("mdbook").arg("build").arg(documents.root.join("docs/guide")).arg("--dest-dir").arg(book))?;
        }
        Ok(())
    })
}

impl Documents {
    fn read(root: PathBuf) -> Result<Documents> {
        let mut documents = Documents { root: root.clone(), pages: BTreeMap::new(), sources: String::new(), case_tests: String::new() };
        documents.read_folder(&root)?;
        Ok(documents)
    }

    fn read_folder(&mut self, folder: &Path) -> Result<()> {
        let cannot = |e| failure(format!("{} can't be read: {e}", folder.display()));
        for entry in fs::read_dir(folder).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                let is_built = ["target", "dist", "node_modules", "pkg"].contains(&&*name);
                if !is_built && (!name.starts_with('.') || name == ".github") {
                    self.read_folder(&path)?;
                }
            } else if name.ends_with(".md") {
                self.pages.insert(self.relative(&path), read(&path)?);
            } else if name.ends_with(".rs") {
                let source = read(&path)?;
                if CASE_TESTS.iter().any(|folder| self.relative(&path).starts_with(folder)) {
                    self.case_tests.push_str(&source);
                }
                self.sources.push_str(&source);
            }
        }
        Ok(())
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_owned()
    }

    /// Compares copies and figures with their origin; with `write`, replaces them.
    fn generate(&mut self, write: bool) -> Result<Vec<String>> {
        let sizes = read(&self.root.join("sizes.toml"))?;
        let mut faults = Vec::new();
        for (path, text) in &mut self.pages {
            let file = |name: &str| fs::read_to_string(self.root.join(name)).map_err(|e| format!("{}: {name}: {e}", path.display()));
            let generated = match copies(text, file) {
                Ok(copied) => figures(&copied, &sizes),
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            if generated == *text {
                continue;
            }
            if write {
                let target = self.root.join(path);
                fs::write(&target, &generated).map_err(|e| failure(format!("{} can't be written: {e}", target.display())))?;
                *text = generated;
            } else {
                faults
                    .push(format!("{}: a copy or a figure is old; WUGAN_WRITE_DOCS=1 cargo test -p xtask docs writes it", path.display()));
            }
        }
        Ok(faults)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.list_of_pages();
        faults.extend(self.cases());
        for (path, text) in &self.pages {
            let prose = prose(text);
            let tell = |fault: String| format!("{}: {fault}", path.display());
            faults.extend(links(&prose).filter_map(|link| self.broken(path, link)).map(tell));
            faults.extend(named_files(text).filter(|file| !self.has_file(path, file)).map(|file| tell(format!("there is no file {file}"))));
            faults.extend(pronouns(&prose).map(|word| tell(format!("replace “{word}” by what acts: the tab, client, server or user"))));
            faults
                .extend(named_cases(text).filter(|case| !self.sources.contains(case)).map(|case| tell(format!("there is no test {case}"))));
        }
        faults
    }

    /// The rows of the cases are numbered in order, and each has a test.
    fn cases(&self) -> Vec<String> {
        let Some(table) = self.pages.get(Path::new(CASES)) else { return vec![format!("there is no {CASES}")] };
        let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #") && !line.starts_with("| -"));
        let faults = rows.zip(1..).filter_map(|(row, number)| {
            if !row.starts_with(&format!("| {number} | ")) {
                return Some(format!("{CASES}: row {number} must have the number {number}"));
            }
            let is_tested = self.case_tests.contains(&format!("case_{number:02}_"));
            (!is_tested).then(|| format!("{CASES}: there is no test of case {number}"))
        });
        faults.collect()
    }

    /// Why a link leads nowhere.
    fn broken(&self, page: &Path, link: &str) -> Option<String> {
        let is_item = page == Path::new("client/README.md") && link.chars().all(|c| c.is_alphanumeric() || "_:".contains(c));
        if is_item || link.contains("://") || link.starts_with("mailto:") {
            return None;
        }
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if file.is_empty() { page.to_owned() } else { joined(page.parent()?, file) };
        if !self.root.join(&target).exists() {
            return Some(format!("the link {link} leads nowhere"));
        }
        let text = self.pages.get(&target)?;
        let has_anchor = anchor.is_empty() || headings(text).any(|heading| slug(heading) == anchor);
        (!has_anchor).then(|| format!("{} has no heading #{anchor}", target.display()))
    }

    /// Whether a file that a page names is there. Only files in folders of this project are meant.
    fn has_file(&self, page: &Path, file: &str) -> bool {
        let is_ours = file.split('/').next().is_some_and(|folder| self.root.join(folder).is_dir());
        !is_ours || self.root.join(file).exists() || page.parent().is_some_and(|folder| self.root.join(folder).join(file).exists())
    }

    /// The guide lists each of its pages once, and each page with Rust is compiled.
    fn list_of_pages(&self) -> Vec<String> {
        let guide = Path::new(GUIDE);
        let list = self.pages.get(&guide.join("SUMMARY.md")).map(String::as_str).unwrap_or_default();
        let listed: Vec<_> = links(list).map(|link| joined(guide, link)).collect();
        let compiled = fs::read_to_string(self.root.join(SNIPPETS)).unwrap_or_default();
        let mut faults = Vec::new();
        for (page, text) in self.pages.iter().filter(|(page, _)| page.starts_with(guide) && !page.ends_with("SUMMARY.md")) {
            let name = page.file_name().unwrap_or_default().to_string_lossy();
            if listed.iter().filter(|listed| *listed == page).count() != 1 {
                faults.push(format!("{GUIDE}/SUMMARY.md must list {name} exactly once"));
            }
            if has_snippet(text) && !compiled.contains(&format!("/{name}\"")) {
                faults.push(format!("{SNIPPETS} does not compile {name}"));
            }
        }
        faults
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| failure(format!("{} can't be read: {e}", path.display())))
}

/// A path in a folder, without `..`.
fn joined(folder: &Path, path: &str) -> PathBuf {
    let mut target = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir => drop(target.pop()),
            Component::CurDir => {}
            part => target.push(part),
        }
    }
    target
}

/// Replaces each code block after a line `<!-- file: … -->` by that file.
fn copies(text: &str, file: impl Fn(&str) -> std::result::Result<String, String>) -> std::result::Result<String, String> {
    let mut copied = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        copied.extend([line, "\n"]);
        let Some(name) = line.strip_prefix("<!-- file: ").and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let fence = lines.next().filter(|line| line.starts_with("```")).ok_or_else(|| format!("no code block after {name}"))?;
        copied.extend([fence, "\n", file(name)?.trim_end(), "\n```\n"]);
        lines.find(|line| *line == "```").ok_or_else(|| format!("the code block of {name} does not end"))?;
    }
    Ok(copied)
}

/// Replaces what is between `<!-- sizes -->` and `<!-- /sizes -->` by the figures of `sizes.toml`.
fn figures(text: &str, sizes: &str) -> String {
    let (start, end) = ("<!-- sizes -->\n", "<!-- /sizes -->");
    let Some((before, rest)) = text.split_once(start) else { return text.to_owned() };
    let Some((_, after)) = rest.split_once(end) else { return text.to_owned() };
    let mut table = "| `sizes.toml` | kB |\n| --- | --- |\n".to_owned();
    for line in sizes.lines() {
        let Some((name, bytes)) = line.strip_prefix('"').and_then(|line| line.split_once("\" = ")) else { continue };
        let bytes: f64 = bytes.trim().replace('_', "").parse().unwrap_or_default();
        table.push_str(&format!("| {name} | {:.1} |\n", bytes / 1_000.0));
    }
    format!("{before}{start}{table}{end}{}", figures(after, sizes))
}

/// A document without code.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            // Every second part between backticks is code.
            line.split('`').step_by(2).for_each(|part| prose.push_str(part));
            prose.push('\n');
        }
    }
    prose
}

/// The targets of the links and pictures.
fn links(prose: &str) -> impl Iterator<Item = &str> {
    prose.split("](").skip(1).filter_map(|rest| rest.split([')', '\n']).next())
}

fn pronouns(prose: &str) -> impl Iterator<Item = &str> {
    let words = prose.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| PRONOUNS.contains(&&*word.to_ascii_lowercase()))
}

/// Texts between backticks that are the name of a test of a case.
fn named_cases(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |name: &&str| name.starts_with("case_") && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    text.split('`').filter(is_name)
}

/// Texts between backticks that are the path of a file.
fn named_files(text: &str) -> impl Iterator<Item = &str> {
    let is_path =
        |name: &&str| !name.starts_with('/') && name.contains('/') && name.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let kinds = [".rs", ".md", ".toml", ".mjs", ".html", ".css", ".json", ".py"];
    text.split('`').filter(is_path).filter(move |name| kinds.iter().any(|kind| name.ends_with(kind)))
}

fn headings(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim())
}

/// A heading's anchor, as repositories and mdBook make it.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
    kept.replace(' ', "-")
}

/// Whether a page has a Rust block that is compiled.
fn has_snippet(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("```rust") && !line.contains("ignore"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn documents(pages: &[(&str, &str)]) -> (tempfile::TempDir, Documents) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in pages {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let documents = Documents::read(folder.path().to_owned()).unwrap();
        (folder, documents)
    }

    #[test]
    fn the_documents_of_this_project_have_no_faults() {
        run().unwrap();
    }

    #[test]
    fn each_kind_of_fault_is_found() {
        let (_folder, documents) = documents(&[
            (
                "README.md",
                "[a](docs/none.md) [b](docs/a.md#no-such-heading) `case_01_not_there` `docs/none.rs` `docs/a.md` `other/none.rs` Nobody knows.\n```\n[no](link)\n```\n",
            ),
            ("docs/a.md", "# A: the “first”\n[back](../README.md) [self](#a-the-first) [web](https://example.com) `case_01_is_there`"),
            ("docs/guide/src/SUMMARY.md", "[Listed](listed.md)"),
            ("docs/guide/src/listed.md", "```rust,no_run\n```\n"),
            ("docs/guide/src/lonely.md", "```rust,ignore\n```\n"),
            ("docs/cases.md", "| # | what |\n| --- | --- |\n| 1 | a |\n| 2 | b |\n| 4 | c |\n"),
            ("client/tests/a.rs", "fn case_01_is_there() {}"),
            ("server/tests/a.rs", "fn case_02_of_the_server() {}"),
        ]);
        let expected = [
            "docs/cases.md: there is no test of case 2",
            "docs/cases.md: row 3 must have the number 3",
            "docs/guide/src/SUMMARY.md must list lonely.md exactly once",
            "docs/snippets/src/lib.rs does not compile listed.md",
            "README.md: the link docs/none.md leads nowhere",
            "README.md: docs/a.md has no heading #no-such-heading",
            "README.md: replace “Nobody” by what acts: the tab, client, server or user",
            "README.md: there is no test case_01_not_there",
            "README.md: there is no file docs/none.rs",
        ];
        let mut faults = documents.faults();
        faults.sort();
        let mut expected = expected.map(str::to_owned);
        expected.sort();
        assert_eq!(faults, expected);
    }

    #[test]
    fn old_copies_and_figures_are_found_and_written() {
        let page = "<!-- file: a.txt -->\n```text\nold\n```\n<!-- sizes -->\nold\n<!-- /sizes -->\n";
        let (folder, mut documents) = documents(&[("README.md", page), ("a.txt", "new\n"), ("sizes.toml", "# x\n\"one GET\" = 39_833\n")]);
        assert_eq!(documents.generate(false).unwrap().len(), 1);
        assert_eq!(documents.generate(true).unwrap(), Vec::<String>::new());
        let written = fs::read_to_string(folder.path().join("README.md")).unwrap();
        assert!(written.contains("```text\nnew\n```\n") && written.contains("| one GET | 39.8 |"), "{written}");
        assert_eq!(documents.generate(false).unwrap(), Vec::<String>::new());
    }
}
