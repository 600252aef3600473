//! Cuts the app at its functions marked `wasm_split`, so that a first visit does not load all pages: wasm-split makes the parts, wasm-bindgen
//! the main part's script, and both replace trunk's files.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::process::Command;

use crate::command::run;
use crate::compress::{files, read};
use crate::shorten;
use crate::step::{Result, failure};

/// The app's name in cargo and trunk.
pub(crate) const APP: &str = "wugan-app";
/// How wasm-split names the script that fetches the parts.
const LINK: &str = "__wasm_split.js";

/// Puts the program `whole` into `dist`, the folder that trunk has filled. Without a splitter it stays one file; with it, cargo must have
/// built `whole` with the feature `split`.
pub(crate) fn split(whole: &Path, splitter: Option<&Path>, wasm_bindgen: &Path, dist: &Path) -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| failure(format!("no temporary folder ({e}): set TMPDIR")))?;
    let (cut, bound) = (folder.path().join("cut"), folder.path().join("bound"));
    let program = match splitter {
        Some(splitter) => {
            run(Command::new(splitter).args(["--out-name", APP]).arg(whole).arg(&cut))?;
            cut.join(format!("{APP}.wasm"))
        }
        None => whole.to_owned(),
    };
    run(Command::new(wasm_bindgen)
        .args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-name", APP, "--out-dir"])
        .arg(&bound)
        .arg(program))?;

    let mut main = read(&bound.join(format!("{APP}_bg.wasm")))?;
    let mut script = text(&bound.join(format!("{APP}.js")))?;
    let mut parts = Vec::new();
    if splitter.is_some() {
        script = joined(&script, &text(&cut.join(LINK))?)?;
        parts = files(&cut)?.into_iter().filter_map(|file| Some((part_name(&file)?, file))).collect();
    }
    shorten::names(&mut main, &mut script)?;
    let parts = parts.into_iter().map(|(name, file)| Ok((name, read(&file)?, file))).collect::<Result<Vec<_>>>()?;
    // One hash for all files, because they fit each other only.
    let mut hasher = DefaultHasher::new();
    parts.iter().map(|(_, part, _)| part.as_slice()).chain([&*main, script.as_bytes()]).for_each(|bytes| hasher.write(bytes));
    let hash = format!("{:016x}", hasher.finish());

    let page = dist.join("index.html");
    let mut html = text(&page)?;
    if splitter.is_some() {
        // The page's first script reads them, and loads what a stored session or the address needs beside the program.
        let metas = files_of_parts(&script)?.into_iter().map(|(part, files)| {
            let files = files.iter().map(|name| format!("{name}-{hash}")).collect::<Vec<_>>().join(" ");
            format!("<meta name=\"{part}-parts\" content=\"{files}\">\n")
        });
        html = html.replacen("<script", &format!("{}<script", metas.collect::<String>()), 1);
    }
    let old = trunks_name(dist)?;
    write(&page, html.replace(&old, &format!("{APP}-{hash}")))?;
    for (name, part, was) in parts {
        let named = format!("{name}-{hash}.wasm");
        script = script.replace(&*was.file_name().unwrap_or_default().to_string_lossy(), &named);
        write(&dist.join(named), part)?;
    }
    for suffix in [".js", "_bg.wasm"] {
        let trunks = dist.join(format!("{old}{suffix}"));
        fs::remove_file(&trunks).map_err(|e| failure(format!("{} can't be removed: {e}", trunks.display())))?;
    }
    write(&dist.join(format!("{APP}-{hash}.js")), shorten::script(&script))?;
    write(&dist.join(format!("{APP}-{hash}_bg.wasm")), main)
}

/// Joins the two scripts, so that the first page needs one request less.
fn joined(main: &str, link: &str) -> Result<String> {
    let imports = |line: &str| Some(line.strip_prefix("import * as ")?.strip_suffix(&format!(" from \"./{LINK}\""))?.to_owned());
    let (imported, own): (Vec<_>, Vec<_>) = main.lines().map(|line| imports(line).ok_or(line)).partition(|line| line.is_ok());
    let loaders = link.lines().filter_map(|line| line.strip_prefix("export const ")?.split(' ').next()).collect::<Vec<_>>();
    if imported.is_empty() || loaders.is_empty() {
        let install = crate::tools::wasm_split().install_arguments().join(" ");
        return Err(failure(format!(
            "the scripts of wasm-bindgen and wasm-split do not have the form that bundle/src/split.rs expects: run `cargo {install}`"
        )));
    }
    let own = own.into_iter().filter_map(|line| line.err());
    // The imports of the second script are in the same file now.
    let link = link.lines().filter(|line| !line.starts_with("import ")).map(|line| line.strip_prefix("export ").unwrap_or(line));
    let mut script = own.chain(link).collect::<Vec<_>>().join("\n");
    for name in imported.into_iter().flatten() {
        script.push_str(&format!("\nconst {name} = {{ {} }};", loaders.join(", ")));
    }
    Ok(script + "\n")
}

/// The parts, each with the files that it needs: its own, if it is not wholly in others, and those that it shares with other parts.
fn files_of_parts(script: &str) -> Result<Vec<(String, Vec<String>)>> {
    let loaders = script.split("const __wasm_split_load_").skip(1).filter_map(|loader| {
        let (part, loader) = loader.split_once(" = ")?;
        let (loader, _) = loader.split_once("]));")?;
        let own = loader.contains(&format!("split_{part}.wasm")).then(|| part.to_owned());
        let (_, shared) = loader.rsplit_once('[')?;
        let shared = shared.split(", ").filter_map(|chunk| Some(format!("shared_{}", chunk.strip_prefix("__chunk_")?)));
        Some((part.to_owned(), own.into_iter().chain(shared).collect()))
    });
    let parts = loaders.collect::<Vec<_>>();
    // index.html asks for these.
    for needed in ["session", "inspector", "forms", "members"] {
        if !parts.iter().any(|(part, _)| part == needed) {
            return Err(failure(format!("the app has no part “{needed}”: look at src/app.rs, src/session.rs and bundle/src/split.rs")));
        }
    }
    Ok(parts)
}

/// The name of a part's file: `inspector` for `split_inspector.wasm`, `shared_3` for `chunk_3.wasm`, which several parts load.
fn part_name(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?.strip_suffix(".wasm")?;
    name.strip_prefix("split_").map(str::to_owned).or_else(|| Some(format!("shared_{}", name.strip_prefix("chunk_")?)))
}

/// The app's name in trunk's files: with a hash.
fn trunks_name(dist: &Path) -> Result<String> {
    let names = files(dist)?.into_iter().filter_map(|file| file.file_name()?.to_str().map(str::to_owned));
    let mut names = names.filter_map(|name| name.strip_suffix("_bg.wasm").filter(|name| name.starts_with(APP)).map(str::to_owned));
    names.next().ok_or_else(|| failure(format!("trunk has written no {APP} to {}", dist.display())))
}

fn text(file: &Path) -> Result<String> {
    String::from_utf8(read(file)?).map_err(|_| failure(format!("{} is not UTF-8", file.display())))
}

fn write(file: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::write(file, content).map_err(|e| failure(format!("{} can't be written: {e}", file.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn two_scripts_become_one_that_imports_nothing() {
        let main =
            "import * as import1 from \"./__wasm_split.js\"\nimport * as import2 from \"./__wasm_split.js\"\nimports(import1, import2);\n";
        let link = "import { initSync } from \"./app.js\";\nexport const __wasm_split_load_a = load();\nexport const __wasm_split_load_b = load();\n";
        let joined = joined(main, link).unwrap();
        assert!(!joined.contains("import {") && !joined.contains("import *") && !joined.contains("export"), "{joined}");
        for name in ["import1", "import2"] {
            assert!(joined.contains(&format!("const {name} = {{ __wasm_split_load_a, __wasm_split_load_b }};")), "{joined}");
        }
    }

    #[test]
    fn scripts_of_an_unknown_form_are_an_error() {
        assert!(joined("import * as other from './x.js'", "export const a = 1;").is_err());
        assert!(joined("import * as import1 from \"./__wasm_split.js\"", "nothing").is_err());
    }

    /// A program that stands for a tool: a shell script.
    #[cfg(unix)]
    fn tool(folder: &Path, name: &str, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let program = folder.join(name);
        fs::write(&program, format!("#!/bin/sh\nset -e\n{script}")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    /// Splits an empty program in a folder that trunk has filled. Returns the page, and the names of all files, with the hash as `H`.
    #[cfg(unix)]
    fn built(splits: bool) -> (String, Vec<String>) {
        let folder = tempfile::TempDir::with_prefix("a folder with spaces ").unwrap();
        let (whole, dist) = (folder.path().join("whole.wasm"), folder.path().join("dist"));
        fs::write(&whole, b"\0asm\x01\0\0\0").unwrap();
        fs::create_dir(&dist).unwrap();
        fs::write(dist.join("index.html"), "<script>1</script><script src=\"/wugan-app-1.js\"></script>").unwrap();
        for trunks in ["wugan-app-1.js", "wugan-app-1_bg.wasm"] {
            fs::write(dist.join(trunks), "").unwrap();
        }
        // Its arguments end with the output's folder and the program.
        let bind =
            "for last; do folder=$program; program=$last; done; mkdir -p \"$folder\"; cp \"$program\" \"$folder/wugan-app_bg.wasm\"\n";
        let script = if splits { "import * as a from \\\"./__wasm_split.js\\\"" } else { "init();" };
        let wasm_bindgen = tool(folder.path(), "wasm-bindgen", &format!("{bind}echo \"{script}\" > \"$folder/wugan-app.js\""));
        let parts = ["session", "inspector", "forms", "members"];
        let loaders = parts.map(|part| format!("export const __wasm_split_load_{part} = f(g(\"./split_{part}.wasm\", [__chunk_3]));"));
        let cut = "mkdir \"$4\"; cp \"$3\" \"$4/wugan-app.wasm\"; \
            for part in split_session split_inspector split_forms split_members chunk_3; do cp \"$3\" \"$4/$part.wasm\"; done\n";
        let splitter = tool(folder.path(), "splitter", &format!("{cut}cat > \"$4/__wasm_split.js\" <<'END'\n{}\nEND", loaders.join("\n")));
        split(&whole, splits.then_some(&*splitter), &wasm_bindgen, &dist).unwrap();
        let names =
            files(&dist).unwrap().into_iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect::<Vec<_>>();
        let script = names.iter().find_map(|name| name.strip_prefix("wugan-app-")?.strip_suffix(".js")).unwrap();
        let html = fs::read_to_string(dist.join("index.html")).unwrap().replace(script, "H");
        (html, names.iter().map(|name| name.replace(script, "H")).collect())
    }

    #[test]
    #[cfg(unix)]
    fn without_a_splitter_the_app_is_one_file() {
        let (html, names) = built(false);
        assert_eq!(names, ["index.html", "wugan-app-H.js", "wugan-app-H_bg.wasm"]);
        assert_eq!(html, "<script>1</script><script src=\"/wugan-app-H.js\"></script>");
    }

    #[test]
    #[cfg(unix)]
    fn with_a_splitter_each_part_is_a_file_which_the_page_names() {
        let (html, names) = built(true);
        let parts = ["forms-H.wasm", "index.html", "inspector-H.wasm", "members-H.wasm", "session-H.wasm", "shared_3-H.wasm"];
        assert_eq!(names, [&parts[..], &["wugan-app-H.js", "wugan-app-H_bg.wasm"]].concat());
        let session = html.find("<meta name=\"session-parts\" content=\"session-H shared_3-H\">");
        assert!(session.is_some_and(|at| at < html.find("<script>").unwrap()), "{html}");
    }

    #[test]
    fn what_each_part_needs_is_found_in_the_script() {
        let loader = |part: &str, own: &str, chunks: &str| format!("const __wasm_split_load_{part} = f(g({own}\n, [{chunks}]));\n");
        let own = |part: &str| format!("fetch(new URL(\"./split_{part}.wasm\"))");
        let script = "const __chunk_3 = g(fetch(new URL(\"./chunk_3.wasm\"))\n, []);\n".to_owned()
            + &loader("session", &own("session"), "__chunk_3, __chunk_12")
            + &loader("inspector", &own("inspector"), "")
            + &loader("forms", "", "__chunk_3");
        let of = |part: &str, files: &[&str]| (part.to_owned(), files.iter().map(|&file| file.to_owned()).collect::<Vec<_>>());
        let found = files_of_parts(&(script.clone() + &loader("members", "", ""))).unwrap();
        let expected = [
            ("session", &["session", "shared_3", "shared_12"][..]),
            ("inspector", &["inspector"]),
            ("forms", &["shared_3"]),
            ("members", &[]),
        ];
        assert_eq!(found, expected.map(|(part, files)| of(part, files)));
        assert!(files_of_parts(&script).unwrap_err().to_string().contains("“members”"));
    }

    #[test]
    fn parts_are_recognised_by_their_names() {
        assert_eq!(part_name(Path::new("/cut/split_inspector.wasm")).as_deref(), Some("inspector"));
        assert_eq!(part_name(Path::new("/cut/chunk_3.wasm")).as_deref(), Some("shared_3"));
        assert_eq!(part_name(Path::new("/cut/wugan-app.wasm")), None);
        assert_eq!(part_name(Path::new("/cut/__wasm_split.js")), None);
    }
}
