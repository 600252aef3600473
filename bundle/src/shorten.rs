//! Makes the app's script and wasm smaller: it relies on the form of wasm-bindgen's output and does not parse JavaScript.

use std::collections::BTreeMap;

use crate::step::{Result, failure};

/// The import section of a module (WebAssembly 2.0 §5.5.5).
const IMPORTS: u8 = 2;
/// The export section (§5.5.10).
const EXPORTS: u8 = 7;
/// Custom sections (§5.5.3): for tools and debuggers; browsers do not need them.
const CUSTOM: u8 = 0;
/// The beginnings of wasm-bindgen's names. They are in both files, and contain hashes, which cannot be compressed.
const LONG: [&str; 3] = ["__wb", "wasm_bindgen_", "__wasm_bindgen_func"];

/// Gives short names to the functions that a module and its script import from each other, in both files, and removes the custom sections.
pub(crate) fn names(module: &mut Vec<u8>, script: &mut String) -> Result<()> {
    let names = rename(module).ok_or_else(|| failure("the app's wasm can't be read: the format of wasm-bindgen's output has changed"))?;
    *script = with_names(script, &names);
    Ok(())
}

/// The script without comments and indentation. Removes whole lines only: within a line, comments cannot be told from strings without parsing.
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

/// Renames the imports and exports of a module. Returns the new names by the old ones; `None` if the module cannot be read.
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
        let section = match kind {
            IMPORTS => renamed_imports(section, &mut names)?,
            EXPORTS => renamed_exports(section, &mut names)?,
            _ => section.to_vec(),
        };
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
        // Only functions (kind 0) are imported; the number of the function's type follows.
        let after = after.strip_prefix(&[0])?;
        let (kind, after) = number(after)?;
        put_name(&mut renamed, from);
        put_name(&mut renamed, &short(long, names));
        renamed.push(0);
        put_number(&mut renamed, kind);
        rest = after;
    }
    rest.is_empty().then_some(renamed)
}

fn renamed_exports(section: &[u8], names: &mut BTreeMap<String, String>) -> Option<Vec<u8>> {
    let (count, mut rest) = number(section)?;
    let mut renamed = Vec::new();
    put_number(&mut renamed, count);
    for _ in 0..count {
        let (long, after) = name(rest)?;
        let (kind, after) = after.split_first()?;
        let (index, after) = number(after)?;
        put_name(&mut renamed, &short(long, names));
        renamed.push(*kind);
        put_number(&mut renamed, index);
        rest = after;
    }
    rest.is_empty().then_some(renamed)
}

/// A short name for one of wasm-bindgen's, the same at each use; other names stay.
fn short(long: &str, names: &mut BTreeMap<String, String>) -> String {
    let next = names.len();
    let is_long = LONG.iter().any(|beginning| long.starts_with(beginning));
    if is_long { names.entry(long.to_owned()).or_insert_with(|| format!("_{next}")).clone() } else { long.to_owned() }
}

/// The script with the names replaced where they are whole words.
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

fn put_name(bytes: &mut Vec<u8>, name: &str) {
    put_number(bytes, name.len());
    bytes.extend(name.as_bytes());
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

    /// A module with one import and another section.
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
    fn a_name_is_shortened_in_both_files_and_nothing_else_changes() {
        let (mut wasm, mut script) = (module(LONG_A), format!("{{ {LONG_A}: f, {LONG_A}_more: g, fetch: 'ü' }}"));
        names(&mut wasm, &mut script).unwrap();
        assert_eq!((wasm, script), (module("_0"), format!("{{ _0: f, {LONG_A}_more: g, fetch: 'ü' }}")));
    }

    #[test]
    fn exports_are_renamed_and_others_kept() {
        const LONG_B: &str = "wasm_bindgen_0123456789abcdef___invoke";
        let module = |exported: [&str; 2]| {
            let mut section = vec![2];
            exported.iter().zip([0, 2]).for_each(|(name, kind)| {
                put_name(&mut section, name);
                section.extend([kind, 5]);
            });
            let mut module = b"\0asm\x01\0\0\0".to_vec();
            module.push(EXPORTS);
            put_number(&mut module, section.len());
            module.extend(section);
            module
        };
        let (mut wasm, mut script) = (module([LONG_B, "memory"]), format!("wasm.{LONG_B}(wasm.memory)"));
        names(&mut wasm, &mut script).unwrap();
        assert_eq!((wasm, script), (module(["_0", "memory"]), "wasm._0(wasm.memory)".to_owned()));
    }

    #[test]
    fn other_names_are_kept_and_an_invalid_module_is_an_error() {
        let mut wasm = module("fetch");
        names(&mut wasm, &mut String::new()).unwrap();
        assert_eq!(wasm, module("fetch"));
        let cut = wasm.len() - 1;
        wasm.truncate(cut);
        assert!(names(&mut wasm, &mut String::new()).is_err());
    }

    #[test]
    fn custom_sections_are_removed() {
        let mut wasm = module("fetch");
        wasm.extend([CUSTOM, 3, 1, b'a', 7]);
        names(&mut wasm, &mut String::new()).unwrap();
        assert_eq!(wasm, module("fetch"));
    }

    #[test]
    fn numbers_are_decoded_as_encoded() {
        for n in [0, 1, 127, 128, 300, 16_383, 16_384, 4_000_000] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, n);
            bytes.push(9);
            assert_eq!(number(&bytes), Some((n, &[9][..])));
        }
        assert_eq!(number(&[0x80]), None);
    }

    #[test]
    fn comments_and_indentation_are_removed_and_code_is_kept() {
        let long = "/**\n * @param {any} a\n */\nfunction f(a) {\n    // why\n    return 'https://x'; // here\n\n}\n/* one line */\ng();\n";
        assert_eq!(script(long), "function f(a) {\nreturn 'https://x'; // here\n}\ng();\n");
    }
}
