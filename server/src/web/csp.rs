//! The page's Content-Security-Policy, which allows the inline scripts and styles of the page by their hashes (CSP3 §8.4).

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

/// The policy for this page.
pub(super) fn policy(html: &str) -> String {
    let (scripts, styles) = (hashes(html, "script"), hashes(html, "style"));
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'{styles}; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// ` 'sha256-…'` for each inline element of that name.
fn hashes(html: &str, element: &str) -> String {
    // As browsers read the page: they normalise newlines before they compute a hash.
    let normalized = html.replace("\r\n", "\n").replace('\r', "\n");
    inline(&normalized, element).map(|content| format!(" 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(content)))).collect()
}

/// The contents of all inline elements of that name. As in a browser, an element ends at the first closing tag, also within a string.
fn inline<'a>(html: &'a str, element: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{element}"), format!("</{element}"));
    // ASCII alone changes, so that positions stay the same.
    let lower = html.to_ascii_lowercase();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + lower.get(at..)?.find(&open)?;
            let tag_end = start + tag_length(&lower[start..])?;
            let end = tag_end + lower[tag_end..].find(&close)?;
            at = end;
            let tag = &lower[start + open.len()..tag_end];
            let is_this_element = tag.starts_with(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/');
            if is_this_element && !tag.split_ascii_whitespace().any(|attribute| attribute.starts_with("src=")) {
                return Some(&html[tag_end..end]);
            }
            if !is_this_element {
                at = tag_end;
            }
        }
    })
}

/// The length of a tag up to its `>`, skipping those in quoted values.
fn tag_length(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(html: &str) -> Vec<&str> {
        inline(html, "script").collect()
    }

    #[test]
    fn case_22_inline_scripts_are_found_and_linked_ones_are_not() {
        let html = "<!doctype html><SCRIPT type=\"module\" nonce='a>b'>import a from './a.js';\n</SCRIPT>\
            <script src=\"/b.js\"></script><scripty>no</scripty><script>1 < 2 && '</p>'</script>";
        assert_eq!(scripts(html), ["import a from './a.js';\n", "1 < 2 && '</p>'"]);
        assert!(scripts("<script>never closed").is_empty());
        assert!(scripts("<script").is_empty());
        assert!(scripts("").is_empty());
    }

    #[test]
    fn case_22_the_policy_is_the_same_for_every_form_of_newlines() {
        let html = "<script>\nalert('Hello, world.');\n</script>\n<style>\na { color: red }\n</style>";
        for newline in ["\r\n", "\r"] {
            assert_eq!(policy(&html.replace('\n', newline)), policy(html), "{newline:?}");
        }
    }

    #[test]
    fn case_22_the_policy_allows_by_hash_and_nothing_by_name() {
        let policy = policy("<script>alert('Hello, world.');</script>");
        // The hash is the example of the CSP specification.
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval' 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"), "{policy}");
        for needed in ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(needed), "{needed}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    }
}
