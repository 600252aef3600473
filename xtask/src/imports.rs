//! Import cycles between the files of a crate. A file imports each file that defines what one of its paths names; re-exports are
//! followed to the definition. Modules for tests in a file are left out: they import what they test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use wugan_bundle::step::{Result, failure};

/// Names from the crate's root, or from where a path stands.
type Names = Vec<String>;

/// A file, or a module in one.
#[derive(Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    /// A name, and the path that it stands for; `*` for all names.
    imports: Vec<(String, Names)>,
    paths: Vec<Names>,
}

/// The modules of a crate by their names.
#[derive(Default)]
struct Modules(BTreeMap<Names, Module>);

/// Longer chains of re-exports are not followed.
const MAX_REEXPORTS: usize = 8;

/// The files of a cycle in this folder, or its folders, each imported by the one before it; if there is a cycle.
pub(crate) fn cycle(source: &Path, of_folders: bool) -> Result<Option<Names>> {
    let mut modules = Modules::default();
    modules.read_folder(source, &[])?;
    let unit = |file: &str| {
        let name = file.strip_prefix(&*source.to_string_lossy()).unwrap_or(file).trim_start_matches('/');
        name.split('/').next().filter(|_| of_folders).unwrap_or(name).to_owned()
    };
    let mut edges = BTreeMap::<String, BTreeSet<String>>::new();
    for (at, module) in &modules.0 {
        let importer = unit(&module.file);
        let paths = module.paths.iter().chain(module.imports.iter().map(|(_, path)| path));
        let imported: Vec<String> = paths.flat_map(|path| modules.files(at, path, 0)).map(|file| unit(&file)).collect();
        edges.entry(importer.clone()).or_default().extend(imported.into_iter().filter(|name| *name != importer));
    }
    let (mut path, mut seen) = (Vec::new(), BTreeSet::new());
    Ok(edges.keys().find_map(|name| search(name, &edges, &mut path, &mut seen)))
}

fn search(name: &str, edges: &BTreeMap<String, BTreeSet<String>>, path: &mut Names, seen: &mut BTreeSet<String>) -> Option<Names> {
    if let Some(start) = path.iter().position(|earlier| earlier == name) {
        return Some(path[start..].to_vec());
    }
    if !seen.insert(name.to_owned()) {
        return None;
    }
    path.push(name.to_owned());
    let found = edges[name].iter().find_map(|next| search(next, edges, path, seen));
    path.pop();
    found
}

impl Modules {
    fn read_folder(&mut self, folder: &Path, at: &[String]) -> Result<()> {
        let cannot = |e: &dyn Display| failure(format!("{} can't be read: {e}", folder.display()));
        for entry in fs::read_dir(folder).map_err(|e| cannot(&e))? {
            let path = entry.map_err(|e| cannot(&e))?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let is_root = ["lib", "main", "mod"].contains(&&*name);
            let child = [at, &[name][..if is_root { 0 } else { 1 }]].concat();
            if path.is_dir() {
                self.read_folder(&path, &child)?;
            } else if path.extension().is_some_and(|end| end == "rs") && !(path.ends_with("main.rs") && folder.join("lib.rs").exists()) {
                let tokens = fs::read_to_string(&path).map_err(|e| cannot(&e))?.parse().map_err(|e| cannot(&e))?;
                self.read(tokens, &child, &path.display().to_string());
            }
        }
        Ok(())
    }

    fn read(&mut self, tokens: TokenStream, at: &[String], file: &str) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let text = |i: usize| tokens.get(i).filter(|token| !matches!(token, TokenTree::Group(_))).map(ToString::to_string);
        let is = |i: usize, mark: &str| text(i).is_some_and(|text| text == mark);
        let is_colons = |i: usize| is(i, ":") && is(i + 1, ":");
        let word = |i: usize| if let TokenTree::Ident(word) = tokens.get(i)? { Some(word.to_string()) } else { None };
        let block = |i: usize| match tokens.get(i) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
            _ => None,
        };
        file.clone_into(&mut self.0.entry(at.to_vec()).or_default().file);
        let mut i = 0;
        while i < tokens.len() {
            let module = self.0.entry(at.to_vec()).or_default();
            let (first, next) = (word(i).unwrap_or_default(), word(i + 1));
            match (&tokens[i], &*first, next) {
                (TokenTree::Group(group), ..) if is_test(&group.stream()) => {
                    i = (i..tokens.len()).find(|i| is(*i, ";") || block(*i).is_some()).unwrap_or(tokens.len());
                }
                (TokenTree::Group(group), ..) => self.read(group.stream(), at, file),
                (_, "use", _) if !is(i + 1, "<") => {
                    let end = (i..tokens.len()).find(|i| is(*i, ";")).unwrap_or(tokens.len());
                    expand(&tokens[i + 1..end], Vec::new(), &mut module.imports);
                    i = end;
                }
                (_, "mod", Some(name)) if block(i + 2).is_some() => {
                    self.read(block(i + 2).unwrap_or_default(), &[at, &[name]].concat(), file);
                    i += 2;
                }
                (_, "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static", Some(name)) => drop(module.items.insert(name)),
                (TokenTree::Ident(_), ..) if is_colons(i + 1) && (i < 2 || !is_colons(i - 2)) => {
                    let mut path = vec![first];
                    while let Some(name) = word(i + 3).filter(|_| is_colons(i + 1)) {
                        path.push(name);
                        i += 3;
                    }
                    module.paths.push(path);
                }
                _ => {}
            }
            i += 1;
        }
    }

    /// The files that define what a path names. None: it is of another crate, or names a module.
    fn files(&self, at: &[String], path: &[String], reexports: usize) -> BTreeSet<String> {
        let (mut files, mut at) = (BTreeSet::new(), at.to_vec());
        for (i, name) in path.iter().enumerate() {
            let Some(module) = self.0.get(&at).filter(|_| reexports <= MAX_REEXPORTS) else { return files };
            let child = [&at[..], &path[i..=i]].concat();
            let imports =
                |of: &str| -> Vec<&Names> { module.imports.iter().filter(|(known, _)| known == of).map(|(_, path)| path).collect() };
            match &**name {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                _ => {
                    let known = imports(name);
                    files.extend(known.iter().flat_map(|import| self.files(&at, &[&import[..], &path[i + 1..]].concat(), reexports + 1)));
                    if self.0.contains_key(&child) {
                        at = child;
                        continue;
                    }
                    if module.items.contains(name) || name == "*" {
                        files.insert(module.file.clone());
                    } else if known.is_empty() {
                        let through = |glob: &Names| self.files(&at, &[&glob[..glob.len() - 1], &path[i..]].concat(), reexports + 1);
                        files.extend(imports("*").into_iter().flat_map(through));
                        // A macro defines it there.
                        if i > 0 && files.is_empty() {
                            files.insert(module.file.clone());
                        }
                    }
                    return files;
                }
            }
        }
        files
    }
}

/// Whether an attribute leaves its item to tests.
fn is_test(attribute: &TokenStream) -> bool {
    let text = attribute.to_string().replace(char::is_whitespace, "");
    text.starts_with("cfg(test)") || text.starts_with("cfg(all(test,")
}

/// The names that a `use` declares.
fn expand(tree: &[TokenTree], mut path: Names, imports: &mut Vec<(String, Names)>) {
    let mut alias = None;
    for (i, token) in tree.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let trees: Vec<TokenTree> = group.stream().into_iter().collect();
                let trees = trees.split(|token| token.to_string() == ",").filter(|tree| !tree.is_empty());
                return trees.for_each(|tree| expand(tree, path.clone(), imports));
            }
            TokenTree::Ident(word) if word == "as" => {
                alias = tree.get(i + 1).map(ToString::to_string);
                break;
            }
            // A path that begins with two colons leads out of the crate.
            TokenTree::Punct(mark) if i == 0 && mark.as_char() == ':' => return,
            TokenTree::Punct(mark) if mark.as_char() == ':' => {}
            token => path.push(token.to_string()),
        }
    }
    path.pop_if(|name| name == "self");
    imports.extend(alias.or_else(|| path.last().cloned()).map(|name| (name, path)));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cycle_of(files: &[(&str, &str)], of_folders: bool) -> Option<Names> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        cycle(folder.path(), of_folders).unwrap()
    }

    #[test]
    fn a_cycle_is_found_in_imports_and_in_expressions_and_through_reexports_and_globs() {
        let a = "use crate::b::B; pub struct A;";
        let between = Some(vec!["a.rs".to_owned(), "b.rs".to_owned()]);
        for b in [
            "use crate::{a::A,}; pub struct B;",
            "use super::{a::{self}, other}; pub struct B(a::A);",
            "pub struct B; #[must_use = \"it\"] pub fn b<T = crate::a::A>() {}",
            "pub struct B; fn b() { print!(\"{:?}\", super::a::A); }",
            "use crate::A; pub struct B;",
            "use crate::facade::Renamed; pub struct B;",
            "pub struct B; mod inner { pub fn b() -> super::super::a::A { todo!() } }",
            "use super::a::*; pub struct B;",
        ] {
            let lib = "mod a; mod b; mod facade; pub use a::A;";
            let files = [("lib.rs", lib), ("a.rs", a), ("b.rs", b), ("facade/mod.rs", "pub use super::a::A as Renamed;")];
            assert_eq!(cycle_of(&files, false), between, "{b}");
        }
    }

    #[test]
    fn tests_and_declarations_and_other_crates_make_no_cycle() {
        let tests = "#[cfg(test)] mod tests { use super::*; use crate::Lib; } #[cfg(test)] mod more;";
        let http = ["use crate::{http::{Http as _,},}; use http::Method; use ::a::Lib; pub struct Http;", tests].concat();
        let lib = "mod http; pub use http::Http; pub struct Lib;";
        assert_eq!(cycle_of(&[("lib.rs", lib), ("http/mod.rs", &http), ("http/more.rs", "use crate::Lib;")], false), None);
    }

    #[test]
    fn folders_whose_files_import_each_other_make_a_cycle() {
        let files = [("lib.rs", ""), ("a/mod.rs", ""), ("a/one.rs", "use crate::b::B;"), ("a/two.rs", "pub struct A;")];
        let files = [&files[..], &[("b.rs", "use crate::a::two::A; pub struct B;")]].concat();
        assert_eq!(cycle_of(&files, false), None);
        assert_eq!(cycle_of(&files, true), Some(vec!["a".to_owned(), "b.rs".to_owned()]));
    }
}
