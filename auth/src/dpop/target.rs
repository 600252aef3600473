//! URLs as proofs name them: without query and fragment, normalised (RFC 9449 §4.3; RFC 3986 §6.2.2, §6.2.3).

use url::Url;

/// The normalised URL; `None` if it is not an `http:` or `https:` URL.
pub(crate) fn normalized(url: &str) -> Option<String> {
    let url = parse(url)?;
    Some(format!("{}{}", url.origin().ascii_serialization(), normalize_escapes(url.path())))
}

/// The origin of a URL.
pub(crate) fn origin(url: &str) -> Option<String> {
    parse(url).map(|url| url.origin().ascii_serialization())
}

fn parse(url: &str) -> Option<Url> {
    Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Decodes escaped unreserved characters, and writes other escapes in upper case.
fn normalize_escapes(path: &str) -> String {
    let mut parts = path.split('%');
    let mut normal = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => normal.push(char::from(byte)),
            Some(byte) => normal.push_str(&format!("%{byte:02X}")),
            None => normal.push('%'),
        }
        normal.push_str(if digits.is_some() { &part[2..] } else { part });
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_differ_in_form_alone_are_equal() {
        for same in [
            "https://a.example/user/me",
            "HTTPS://A.EXAMPLE:443/user/me?query#fragment",
            "https://a.example/x/../user/%6de",
            "https://a.example/user/./me#",
        ] {
            assert_eq!(normalized(same).as_deref(), Some("https://a.example/user/me"), "{same}");
        }
        assert_eq!(normalized("http://a/%c3%a4%2f%7E%zz%"), Some("http://a/%C3%A4%2F~%zz%".into()));
        for other in
            ["https://a.example/user/me/", "http://a.example/user/me", "https://a.example:8443/user/me", "https://a.example/User/me"]
        {
            assert_ne!(normalized(other).as_deref(), Some("https://a.example/user/me"), "{other}");
        }
        for bad in ["", "/user/me", "wugan", "data:text/plain,x", "https://"] {
            assert_eq!((normalized(bad), origin(bad)), (None, None), "{bad}");
        }
        assert_eq!(origin("https://A.example:443/x").as_deref(), Some("https://a.example"));
    }
}
