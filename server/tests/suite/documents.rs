//! Checks the documents: each case has a row with its tests, and each test that a document names exists.

use std::{collections::BTreeSet, fs, path::Path};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// The names of all test functions of the server.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["server/src", "server/tests", "auth/src"] {
        sources(&project().join(folder), &mut files);
    }
    files.iter().flat_map(|text| tests_in(text)).collect()
}

fn tests_in(text: &str) -> Vec<String> {
    let (mut names, mut marked) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        let name = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")).and_then(|rest| rest.split('(').next());
        match name {
            // The second form is a test by `on_each_database!`.
            Some(name) if marked || line.ends_with("(kind: Kind) {") => names.push(name.to_owned()),
            Some(_) => {}
            // A line of `on_each_server!`: the test's name, and its function.
            None => names.extend(line.split_once(": ").map(|(name, _)| name.to_owned()).filter(|name| name.starts_with("case_"))),
        }
        let is_mark = line.starts_with("#[") && (line.contains("test]") || line.contains("test("));
        marked = is_mark || (marked && line.starts_with("#["));
    }
    names
}

fn document(name: &str) -> String {
    fs::read_to_string(project().join("docs").join(name)).unwrap()
}

/// Texts between backticks that look like a test's name: at least four lower-case words joined by underscores.
fn named(text: &str) -> Vec<&str> {
    let is_name =
        |word: &&str| word.matches('_').count() >= 3 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    text.split('`').skip(1).step_by(2).filter(is_name).collect()
}

/// Cases of the table that have no test yet.
const NOT_YET: [u32; 0] = [];

#[test]
fn each_case_has_a_row_that_names_its_tests_or_says_that_there_are_none_yet() {
    let (tests, table) = (tests(), document("security.md"));
    for case in 1..=60 {
        let start = format!("case_{case:02}_");
        let row = table.lines().find(|line| line.starts_with(&format!("| {case} |"))).unwrap_or_else(|| panic!("no row {case}"));
        let has_test = tests.iter().any(|test| test.starts_with(&start));
        assert_eq!(has_test, !NOT_YET.contains(&case), "tests called {start}…");
        assert_eq!(named(row).iter().any(|name| name.starts_with(&start)), has_test, "row {case}: {row}");
        assert!(has_test || row.contains("**not yet**"), "row {case}: {row}");
    }
}

#[test]
fn each_test_that_a_document_names_is_there() {
    let tests = tests();
    for name in ["security.md", "operations.md"] {
        let text = document(name);
        let missing: Vec<_> = named(&text).into_iter().filter(|named| !tests.contains(*named)).collect();
        assert!(missing.is_empty(), "docs/{name} names tests that are not there: {missing:?}");
    }
    assert!(named(&document("security.md")).len() > 60);
}

/// The row of each requirement of the two standards names a test, or contains `**not ` or `**by `.
#[test]
fn each_requirement_names_a_test_or_says_what_is_not_done() {
    let text = document("security.md");
    let standards = text.split("## OWASP ASVS 5").nth(1).unwrap();
    let rows: Vec<_> = standards.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).collect();
    assert!(rows.len() > 60, "{}", rows.len());
    for row in rows.into_iter().filter(|row| !row.starts_with("| requirement") && !row.starts_with("| section")) {
        assert!(!named(row).is_empty() || row.contains("**not ") || row.contains("**by "), "the row names no test: {row}");
    }
}

#[test]
fn a_tests_name_is_read_from_each_of_its_forms() {
    let text = "#[test]\nfn a() {}\nfn b() {}\n#[tokio::test(flavor = \"multi_thread\")]\n#[ignore]\nasync fn c() {}\nasync fn d(kind: Kind) {\n#[derive(Debug)]\nfn e() {";
    assert_eq!(tests_in(text), ["a", "c", "d"]);
    assert_eq!(named("see `case_01_a_b`, `one_word`, `Case_x_y_z` and `a_b_c_d`"), ["case_01_a_b", "a_b_c_d"]);
}

#[test]
fn the_rules_depend_on_no_http_types() {
    let (source, mut files) = (project().join("auth/src"), Vec::new());
    // `proxies` reads headers, `verifier` is an HTTP client.
    let http = ["http", "proxies.rs", "verifier.rs", "lib.rs"];
    for entry in
        fs::read_dir(source).unwrap().map(|entry| entry.unwrap()).filter(|entry| !http.map(Into::into).contains(&entry.file_name()))
    {
        if entry.file_type().unwrap().is_dir() {
            sources(&entry.path(), &mut files);
        } else {
            files.push(fs::read_to_string(entry.path()).unwrap());
        }
    }
    assert!(files.len() > 60, "{}", files.len());
    for text in files {
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n").to_lowercase();
        let used: Vec<_> = code.split("use ").skip(1).filter_map(|rest| rest.split(';').next()).collect();
        for word in ["http", "axum", "hyper", "tower"] {
            assert!(used.iter().all(|paths| !paths.contains(word)) && !code.contains(&format!("{word}::")), "{word}: {text}");
        }
    }
}
