//! Names and values as queries and forms carry them (`application/x-www-form-urlencoded`).
//!
//! In a browser its `URLSearchParams` reads and writes them, because another codec would have to be downloaded. Both pass the same tests.

/// Encodes pairs.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    host::encode(pairs)
}

/// The values of a name in a query, which may begin with `?`.
#[cfg(feature = "oidc")]
pub(crate) fn values(query: &str, name: &str) -> Vec<String> {
    host::values(query, name)
}

#[cfg(target_arch = "wasm32")]
mod host {
    use web_sys::UrlSearchParams;

    // It is made of a text, so it does not fail.
    fn read(query: &str) -> UrlSearchParams {
        UrlSearchParams::new_with_str(query).unwrap_or_else(|error| error.into())
    }

    pub(super) fn encode(pairs: &[(&str, &str)]) -> String {
        let list = read("");
        pairs.iter().for_each(|(name, value)| list.append(name, value));
        list.to_string().into()
    }

    #[cfg(feature = "oidc")]
    pub(super) fn values(query: &str, name: &str) -> Vec<String> {
        read(query).get_all(name).to_vec().into_iter().filter_map(|value| value.as_string()).collect()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    pub(super) fn encode(pairs: &[(&str, &str)]) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    #[cfg(feature = "oidc")]
    pub(super) fn values(query: &str, name: &str) -> Vec<String> {
        let pairs = form_urlencoded::parse(query.strip_prefix('?').unwrap_or(query).as_bytes());
        pairs.filter(|(known, _)| known == name).map(|(_, value)| value.into_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test;

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn pairs_are_encoded_as_a_form() {
        let pairs = [("a", "1 2"), ("b", "x&y=z#ü~'()*-._"), ("", ""), ("a", "+%\n\u{0}\u{1f600}")];
        assert_eq!(encode(&pairs), "a=1+2&b=x%26y%3Dz%23%C3%BC%7E%27%28%29*-._&=&a=%2B%25%0A%00%F0%9F%98%80");
        assert_eq!(encode(&[]), "");
    }

    #[cfg(feature = "oidc")]
    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn the_values_of_a_name_are_read() {
        let query = "?code=c+d%20&state=%C3%BC%&&code&x=1=2&%63ode=%ff&Code=e";
        assert_eq!(values(query, "code"), ["c d ", "", "\u{fffd}"]);
        assert_eq!((values(query, "state"), values(query, "x")), (vec!["ü%".to_owned()], vec!["1=2".to_owned()]));
        assert!(values("", "").is_empty() && values("?", "code").is_empty() && values("a#code=1", "code").is_empty());
    }
}
