//! The page to show after the sign-in: a path of this origin and nothing else (CWE-601; RFC 9700 §4.11).

/// Whether an address is a path, and stays one in every parser: two slashes begin a host name, browsers take a backslash in front of a
/// query for a slash, and skip control characters.
pub(crate) fn is_path(address: &str) -> bool {
    // By bytes: the searches for characters and texts of the standard library take more code.
    let end = address.bytes().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(address.len());
    let path = &address.as_bytes()[..end];
    let has_host = path.windows(2).any(|pair| pair == b"//") || path.contains(&b'\\');
    path.first() == Some(&b'/') && !has_host && !address.bytes().any(|byte| byte.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_origin_is_returned_to() {
        for path in ["/", "/notes", "/notes?q=a//b&u=https://x", "/a#//b", "/ü/無?x=%5C", "/.well-known/x", "/a:b@c", "/a?q=C:\\temp#\\"]
        {
            assert!(is_path(path), "{path}");
        }
        let hostile = [
            "",
            "notes",
            "?x",
            "#x",
            "https://evil.example",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\u{1}//evil.example",
            " //evil.example",
            "/.//evil.example",
            "/a/..//evil.example",
            "/%2e%2e//evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/a\\..\\..\\b",
        ];
        for address in hostile {
            assert!(!is_path(address), "{address:?}");
        }
    }
}
