//! Makes the app's script smaller without knowing JavaScript: by what wasm-bindgen is known to write.

use std::collections::BTreeMap;

use crate::step::{Result, failure};

/// The section of a module that says what it imports (WebAssembly 2.0 §5.5.5).
const IMPORTS: u8 = 2;
/// Sections for tools and for people who debug (§5.5.3): a browser runs without.
const CUSTOM: u8 = 0;
/// How wasm-bindgen's names begin. They end in a hash, which nothing can pack, and stand in both files.
const LONG: &str = "__wb";

/// Gives short names to the functions that a module imports from its script, in both; and takes out what no browser reads.
pub(crate) fn imports(module: &mut Vec<u8>, script: &mut String) -> Result<()> {
    let names = rename(module).ok_or_else(|| failure("the app's wasm can't be read: wasm-bindgen writes it another way now"))?;
    *script = with_names(script, &names);
    Ok(())
}

/// The script without comments and indentation. Only whole lines are judged: within one, it takes more than this to tell code from text.
pub(crate) fn script(script: &str) -> String {
    let mut short = String::with_capacity(script.len());
    let mut in_comment = false;
    for line in script.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.is_empty() && !line.starts_with("//") {
            short.push_str(line);
            short.push('\n');
        }
        in_comment &= !line.ends_with("*/");
    }
    short
}

/// Renames the imports of a module, and tells how; None: it is no module, or none of this kind.
fn rename(module: &mut Vec<u8>) -> Option<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    let mut renamed = module.get(..8)?.to_vec();
    let mut rest = module.get(8..)?;
    while let Some((&kind, after)) = rest.split_first() {
        let (length, after) = number(after)?;
        let (section, after) = after.split_at_checked(length)?;
        rest = after;
        if kind == CUSTOM {
            continue;
        }
        let section = if kind == IMPORTS { renamed_imports(section, &mut names)? } else { section.to_vec() };
        renamed.push(kind);
        put_number(&mut renamed, section.len());
        renamed.extend(section);
    }
    *module = renamed;
    Some(names)
}

fn renamed_imports(section: &[u8], names: &mut BTreeMap<String, String>) -> Option<Vec<u8>> {
    let (count, mut rest) = number(section)?;
    let mut renamed = Vec::new();
    put_number(&mut renamed, count);
    for _ in 0..count {
        let (from, after) = name(rest)?;
        let (long, after) = name(after)?;
        // Only functions are imported; and each is of one type.
        let after = after.strip_prefix(&[0])?;
        let (kind, after) = number(after)?;
        let next = names.len();
        let short = if long.starts_with(LONG) { names.entry(long.to_owned()).or_insert_with(|| format!("_{next}")) } else { long };
        for text in [from, short] {
            put_number(&mut renamed, text.len());
            renamed.extend(text.as_bytes());
        }
        renamed.push(0);
        put_number(&mut renamed, kind);
        rest = after;
    }
    rest.is_empty().then_some(renamed)
}

/// The script with each name, where it stands as a whole, in its short form.
fn with_names(script: &str, names: &BTreeMap<String, String>) -> String {
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let mut short = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find(part_of_name) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !part_of_name(c)).unwrap_or(from.len()));
        short.push_str(before);
        short.push_str(names.get(word).map_or(word, String::as_str));
        rest = after;
    }
    short + rest
}

/// An unsigned number as LEB128 (§5.2.2), and what follows.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let length = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at(length);
    Some((digits.iter().rev().fold(0, |number, digit| number << 7 | usize::from(digit & 0x7f)), rest))
}

fn put_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 & 0x7f | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn name(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, bytes) = number(bytes)?;
    let (name, rest) = bytes.split_at_checked(length)?;
    Some((str::from_utf8(name).ok()?, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LONG_A: &str = "__wbg_fetch_0123456789abcdef";

    /// A module with one import, and a section behind it.
    fn module(import: &str) -> Vec<u8> {
        let mut section = vec![1, 1, b'x'];
        put_number(&mut section, import.len());
        section.extend(import.as_bytes());
        section.extend([0, 3]);
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.push(IMPORTS);
        put_number(&mut module, section.len());
        module.extend(section);
        module.extend([3, 2, 1, 3]);
        module
    }

    #[test]
    fn a_name_is_short_in_both_files_and_nothing_else_changes() {
        let (mut wasm, mut script) = (module(LONG_A), format!("{{ {LONG_A}: f, {LONG_A}_more: g, fetch: 'ü' }}"));
        imports(&mut wasm, &mut script).unwrap();
        assert_eq!((wasm, script), (module("_0"), format!("{{ _0: f, {LONG_A}_more: g, fetch: 'ü' }}")));
    }

    #[test]
    fn other_names_stay_and_rubbish_is_refused() {
        let mut wasm = module("fetch");
        imports(&mut wasm, &mut String::new()).unwrap();
        assert_eq!(wasm, module("fetch"));
        let cut = wasm.len() - 1;
        wasm.truncate(cut);
        assert!(imports(&mut wasm, &mut String::new()).is_err());
    }

    #[test]
    fn sections_that_no_browser_reads_go() {
        let mut wasm = module("fetch");
        wasm.extend([CUSTOM, 3, 1, b'a', 7]);
        imports(&mut wasm, &mut String::new()).unwrap();
        assert_eq!(wasm, module("fetch"));
    }

    #[test]
    fn numbers_come_back_as_they_went() {
        for n in [0, 1, 127, 128, 300, 16_383, 16_384, 4_000_000] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, n);
            bytes.push(9);
            assert_eq!(number(&bytes), Some((n, &[9][..])));
        }
        assert_eq!(number(&[0x80]), None);
    }

    #[test]
    fn comments_and_indentation_go_and_code_stays() {
        let long = "/**\n * @param {any} a\n */\nfunction f(a) {\n    // why\n    return 'https://x'; // here\n\n}\n/* one line */\ng();\n";
        assert_eq!(script(long), "function f(a) {\nreturn 'https://x'; // here\n}\ng();\n");
    }
}
