//! JSON objects: token responses, claims, and the stored record.
//!
//! In a browser they are parsed by the browser, because a second parser would be a fifth of this library's download. Elsewhere
//! serde_json parses them. Both pass the same tests.

use crate::http::response::without_byte_order_mark;
#[cfg(target_arch = "wasm32")]
use crate::platform::browser::json as host;

/// A JSON object (RFC 8259 §4). A missing member and one of another type both read as `None`.
pub struct Object(host::Object);

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may contain tokens.
        f.debug_struct("Object").finish_non_exhaustive()
    }
}

impl Object {
    /// An empty object.
    pub(crate) fn new() -> Object {
        Object(host::Object::new())
    }

    /// Parses an object. `None`: it is not JSON, or not an object.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Object> {
        host::Object::read(std::str::from_utf8(without_byte_order_mark(text)).ok()?).map(Object)
    }

    /// Parses a list and returns its objects; other elements are skipped. `None`: it is not JSON, or not a list.
    #[must_use]
    pub fn read_list(text: &[u8]) -> Option<Vec<Object>> {
        Some(host::Object::read_list(std::str::from_utf8(without_byte_order_mark(text)).ok()?)?.into_iter().map(Object).collect())
    }

    /// A member that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.text(name)
    }

    /// A member that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.0.number(name)
    }

    /// A member that is an object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<Object> {
        self.0.object(name).map(Object)
    }

    /// The objects of a member that is a list; other elements are skipped.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<Object>> {
        Some(self.0.list(name)?.into_iter().map(Object).collect())
    }

    /// The strings of a member that is a list; other elements are skipped.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.0.texts(name)
    }

    /// Whether a member is `true`.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        self.0.is_true(name)
    }

    /// Adds a string, if there is one.
    pub(crate) fn with_text(mut self, name: &str, text: Option<&str>) -> Object {
        if let Some(text) = text {
            self.0.set_text(name, text);
        }
        self
    }

    /// Adds a number, if there is one.
    pub(crate) fn with_number(mut self, name: &str, number: Option<f64>) -> Object {
        if let Some(number) = number {
            self.0.set_number(name, number);
        }
        self
    }

    /// Adds an object, if there is one.
    pub(crate) fn with_object(mut self, name: &str, object: Option<Object>) -> Object {
        if let Some(object) = object {
            self.0.set_object(name, object.0);
        }
        self
    }

    /// Adds a flag, if it is set.
    pub(crate) fn with_flag(mut self, name: &str, is_set: bool) -> Object {
        if is_set {
            self.0.set_true(name);
        }
        self
    }

    pub(crate) fn write(&self) -> String {
        self.0.write()
    }
}

/// The digits of a top-level integer member of valid JSON. A parser that reads numbers as `f64` loses those beyond 2^53.
pub(crate) fn integer_text(json: &str, name: &str) -> Option<String> {
    let (bytes, mut at, mut depth) = (json.as_bytes(), 0, 0);
    // Reads by bytes: the searches of `str` add a kilobyte to the download.
    let end_of = |from: usize, is_inside: &dyn Fn(u8) -> bool| from + bytes[from..].iter().take_while(|byte| is_inside(**byte)).count();
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let begin = at + 1;
                at = begin;
                while *bytes.get(at)? != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let colon = end_of(at + 1, &|byte| byte.is_ascii_whitespace());
                if depth == 1 && bytes[begin..at] == *name.as_bytes() && bytes.get(colon) == Some(&b':') {
                    let begin = end_of(colon + 1, &|byte| byte.is_ascii_whitespace());
                    let digits = if bytes.get(begin) == Some(&b'-') { begin + 1 } else { begin };
                    let end = end_of(digits, &|byte| byte.is_ascii_digit());
                    let next = bytes.get(end_of(end, &|byte| byte.is_ascii_whitespace()));
                    let is_integer = end > digits && matches!(next, Some(b',' | b'}'));
                    return is_integer.then(|| json[begin..end].to_owned());
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    use serde_json::{Map, Value};

    pub(super) struct Object(Map<String, Value>);

    impl Object {
        pub(super) fn new() -> Object {
            Object(Map::new())
        }

        pub(super) fn read(text: &str) -> Option<Object> {
            serde_json::from_str(text).ok().map(Object)
        }

        pub(super) fn read_list(text: &str) -> Option<Vec<Object>> {
            Object::list_of(&serde_json::from_str(text).ok()?)
        }

        fn list_of(value: &Value) -> Option<Vec<Object>> {
            Some(value.as_array()?.iter().filter_map(Value::as_object).cloned().map(Object).collect())
        }

        pub(super) fn text(&self, name: &str) -> Option<String> {
            self.0.get(name)?.as_str().map(str::to_owned)
        }

        pub(super) fn number(&self, name: &str) -> Option<f64> {
            self.0.get(name)?.as_f64()
        }

        pub(super) fn object(&self, name: &str) -> Option<Object> {
            self.0.get(name)?.as_object().cloned().map(Object)
        }

        pub(super) fn list(&self, name: &str) -> Option<Vec<Object>> {
            Object::list_of(self.0.get(name)?)
        }

        pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
            Some(self.0.get(name)?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }

        pub(super) fn is_true(&self, name: &str) -> bool {
            self.0.get(name) == Some(&Value::Bool(true))
        }

        pub(super) fn set_text(&mut self, name: &str, text: &str) {
            self.0.insert(name.to_owned(), text.into());
        }

        pub(super) fn set_number(&mut self, name: &str, number: f64) {
            self.0.insert(name.to_owned(), number.into());
        }

        pub(super) fn set_object(&mut self, name: &str, object: Object) {
            self.0.insert(name.to_owned(), Value::Object(object.0));
        }

        pub(super) fn set_true(&mut self, name: &str) {
            self.0.insert(name.to_owned(), true.into());
        }

        pub(super) fn write(&self) -> String {
            // Strings, numbers and objects can always be written.
            serde_json::to_string(&self.0).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Object, integer_text};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test;

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn a_written_object_is_read_back() {
        let inner = Object::new().with_text("name", Some("無感\"\\\n\u{1f600}"));
        let text =
            Object::new().with_object("who", Some(inner)).with_number("at", Some(1_700_000_000_123.5)).with_flag("yes", true).write();
        let object = Object::read(text.as_bytes()).unwrap();
        assert_eq!(object.object("who").unwrap().text("name").as_deref(), Some("無感\"\\\n\u{1f600}"));
        assert_eq!(object.number("at"), Some(1_700_000_000_123.5));
        assert!(object.is_true("yes"));
        let nothing = Object::new().with_text("a", None).with_number("b", None).with_object("c", None).with_flag("d", false);
        assert_eq!(nothing.write(), "{}");
    }

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn a_missing_member_or_another_type_is_none() {
        let object = Object::read(br#"{"text":"1","number":2,"null":null,"list":[1],"object":{"a":1},"true":true,"false":false}"#).unwrap();
        for name in ["number", "null", "list", "object", "true", "missing", "toString", "__proto__"] {
            assert_eq!(object.text(name), None, "{name}");
        }
        for name in ["text", "null", "list", "object", "true", "missing", "length"] {
            assert_eq!(object.number(name), None, "{name}");
        }
        for name in ["text", "number", "null", "list", "true", "missing", "toString"] {
            assert!(object.object(name).is_none(), "{name}");
        }
        for name in ["text", "number", "null", "list", "object", "false", "missing"] {
            assert!(!object.is_true(name), "{name}");
        }
        for name in ["text", "number", "null", "object", "false", "missing"] {
            assert!(object.list(name).is_none(), "{name}");
            assert!(object.texts(name).is_none(), "{name}");
        }
    }

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn a_list_gives_its_objects() {
        let object = Object::read(br#"{"list":[{"a":"1"},2,[{}],null,{"a":"3"}],"none":[]}"#).unwrap();
        let texts: Vec<_> = object.list("list").unwrap().iter().map(|object| object.text("a")).collect();
        assert_eq!(texts, [Some("1".into()), Some("3".into())]);
        assert!(object.list("none").unwrap().is_empty());
        let texts = Object::read(br#"{"list":["a",1,{},"b"]}"#).unwrap().texts("list").unwrap();
        assert_eq!(texts, ["a", "b"]);
        let texts: Vec<_> = Object::read_list(br#"[{"a":"1"},2]"#).unwrap().iter().map(|object| object.text("a")).collect();
        assert_eq!(texts, [Some("1".into())]);
        for text in ["", "{}", "[}", "[],1", "7"] {
            assert!(Object::read_list(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn other_values_than_objects_are_refused() {
        for text in ["", " ", "null", "7", "\"text\"", "[]", "[{}]", "{", "{}x", "{'a':1}", "<html>", "{\"a\":1,}"] {
            assert!(Object::read(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Object::read(b"{\"a\":\"\xff\"}").is_none());
        assert!(Object::read(b"\xef\xbb\xbf{\"a\":1}").is_some(), "case 56: a byte order mark is skipped");
        assert!(Object::read(b" {\"a\":1}\n").is_some());
        let deep = "[".repeat(200_000);
        assert!(Object::read(deep.as_bytes()).is_none());
    }

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn case_58_the_digits_of_an_integer_are_found() {
        let digits = |json: &str| integer_text(json, "id");
        assert_eq!(digits("{\"id\":12}").as_deref(), Some("12"));
        assert_eq!(digits("{\"a\":{\"id\":1},\"id\" :\n -9007199254740993 }").as_deref(), Some("-9007199254740993"));
        assert_eq!(digits("{\"a\":\"\\\"id\\\":7, {\\\\\",\"b\":[{\"id\":3}],\"id\":4}").as_deref(), Some("4"));
        for none in ["{\"id\":1.5}", "{\"id\":1e3}", "{\"id\":\"7\"}", "{\"idx\":7}", "{}", "", "{\"id\"", "{\"id\":"] {
            assert_eq!(digits(none), None, "{none}");
        }
    }
}
