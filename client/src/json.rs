//! JSON objects: token responses, claims, and the stored record.
//!
//! In a browser they are parsed by the browser, because a second parser would be a fifth of this library's download. Elsewhere
//! serde_json parses them. Both pass the same tests.

#[cfg(target_arch = "wasm32")]
use crate::js::json as host;
use host::Value;

/// A JSON object (RFC 8259 §4). A missing member and one of another type both read as `None`.
pub struct Object(Value);

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may contain tokens.
        f.debug_struct("Object").finish_non_exhaustive()
    }
}

impl Object {
    /// An empty object.
    pub(crate) fn new() -> Object {
        Object(host::object())
    }

    fn of(value: Value) -> Option<Object> {
        host::is_object(&value).then_some(Object(value))
    }

    /// Parses an object. `None`: it is not JSON, or not an object.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Object> {
        parse(text).and_then(Object::of)
    }

    /// Parses a list and returns its objects; other elements are skipped. `None`: it is not JSON, or not a list.
    #[must_use]
    pub fn read_list(text: &[u8]) -> Option<Vec<Object>> {
        objects(parse(text)?)
    }

    /// A member that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        host::text(host::get(&self.0, name))
    }

    /// A member that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        host::number(&host::get(&self.0, name))
    }

    /// A member that is an object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<Object> {
        Object::of(host::get(&self.0, name))
    }

    /// The objects of a member that is a list; other elements are skipped.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<Object>> {
        objects(host::get(&self.0, name))
    }

    /// The strings of a member that is a list; other elements are skipped.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        Some(host::list(host::get(&self.0, name))?.into_iter().filter_map(host::text).collect())
    }

    /// Whether a member is `true`.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        host::get(&self.0, name) == true
    }

    /// Adds a string, if there is one.
    pub(crate) fn with_text(self, name: &str, text: Option<&str>) -> Object {
        self.with(name, text.map(Value::from))
    }

    /// Adds a number, if there is one.
    pub(crate) fn with_number(self, name: &str, number: Option<f64>) -> Object {
        self.with(name, number.map(Value::from))
    }

    /// Adds an object, if there is one.
    pub(crate) fn with_object(self, name: &str, object: Option<Object>) -> Object {
        self.with(name, object.map(|object| object.0))
    }

    /// Adds a flag, if it is set.
    pub(crate) fn with_flag(self, name: &str, is_set: bool) -> Object {
        self.with(name, is_set.then(|| Value::from(true)))
    }

    fn with(mut self, name: &str, value: Option<Value>) -> Object {
        if let Some(value) = value {
            host::set(&mut self.0, name, value);
        }
        self
    }

    /// Returns it as an argument for the browser's functions.
    #[cfg(any(feature = "oidc", all(feature = "dpop", target_arch = "wasm32")))]
    pub(crate) fn to_js(&self) -> wasm_bindgen::JsValue {
        host::to_js(&self.0)
    }

    pub(crate) fn write(&self) -> String {
        host::write(&self.0)
    }
}

/// Browsers remove the mark from texts and from JSON; RFC 8259 §8.1 allows parsers to ignore it.
pub(crate) fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

fn parse(text: &[u8]) -> Option<Value> {
    host::parse(std::str::from_utf8(without_byte_order_mark(text)).ok()?)
}

fn objects(list: Value) -> Option<Vec<Object>> {
    Some(host::list(list)?.into_iter().filter_map(Object::of).collect())
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
    pub(super) use serde_json::Value;

    pub(super) fn object() -> Value {
        Value::Object(serde_json::Map::new())
    }

    pub(super) fn parse(text: &str) -> Option<Value> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn write(value: &Value) -> String {
        value.to_string()
    }

    pub(super) fn get(object: &Value, name: &str) -> Value {
        object[name].clone()
    }

    pub(super) fn set(object: &mut Value, name: &str, value: Value) {
        object[name] = value;
    }

    #[cfg(feature = "oidc")]
    pub(super) fn to_js(_: &Value) -> wasm_bindgen::JsValue {
        wasm_bindgen::JsValue::UNDEFINED
    }

    pub(super) fn is_object(value: &Value) -> bool {
        value.is_object()
    }

    pub(super) fn text(value: Value) -> Option<String> {
        if let Value::String(text) = value { Some(text) } else { None }
    }

    pub(super) fn number(value: &Value) -> Option<f64> {
        value.as_f64()
    }

    pub(super) fn list(value: Value) -> Option<Vec<Value>> {
        if let Value::Array(list) = value { Some(list) } else { None }
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
