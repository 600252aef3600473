//! JSON objects: token answers, claims, and the record in the store.
//!
//! In a browser they are the browser's own, which reads and writes JSON anyway: a second parser would be a fifth of this library's
//! download. Elsewhere they are serde_json's. What stands behind both is the same, and so are its tests.

#[cfg(all(target_arch = "wasm32", feature = "browser"))]
use crate::browser::json as host;

/// A JSON object (RFC 8259 §4), as a token endpoint answers one. What is missing, and what is of another type, reads as None.
pub struct Object(host::Object);

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // There may be tokens in it.
        f.debug_struct("Object").finish_non_exhaustive()
    }
}

impl Object {
    /// An object without members.
    pub(crate) fn new() -> Object {
        Object(host::Object::new())
    }

    /// Reads a text. None: it is no JSON, or no object.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Object> {
        host::Object::read(std::str::from_utf8(text).ok()?).map(Object)
    }

    /// Reads a text that is a list: its objects; what is no object in it is left out. None: it is no JSON, or no list.
    #[must_use]
    pub fn read_list(text: &[u8]) -> Option<Vec<Object>> {
        Some(host::Object::read_list(std::str::from_utf8(text).ok()?)?.into_iter().map(Object).collect())
    }

    /// A member that is a text.
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

    /// The objects in a member that is a list; what is no object in it is left out.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<Object>> {
        Some(self.0.list(name)?.into_iter().map(Object).collect())
    }

    /// Whether a member is `true`.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        self.0.is_true(name)
    }

    pub(crate) fn with_text(mut self, name: &str, text: Option<&str>) -> Object {
        if let Some(text) = text {
            self.0.set_text(name, text);
        }
        self
    }

    pub(crate) fn with_number(mut self, name: &str, number: Option<f64>) -> Object {
        if let Some(number) = number {
            self.0.set_number(name, number);
        }
        self
    }

    pub(crate) fn with_object(mut self, name: &str, object: Option<Object>) -> Object {
        if let Some(object) = object {
            self.0.set_object(name, object.0);
        }
        self
    }

    /// Adds the member if it is true: what is false is left out.
    pub(crate) fn with_true(mut self, name: &str, is: bool) -> Object {
        if is {
            self.0.set_true(name);
        }
        self
    }

    pub(crate) fn write(&self) -> String {
        self.0.write()
    }
}

#[cfg(not(all(target_arch = "wasm32", feature = "browser")))]
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
            // Texts, numbers, objects: there is nothing in one that JSON cannot say.
            serde_json::to_string(&self.0).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Object;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test;

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn what_is_written_is_read() {
        let inner = Object::new().with_text("name", Some("無感\"\\\n\u{1f600}"));
        let text =
            Object::new().with_object("who", Some(inner)).with_number("at", Some(1_700_000_000_123.5)).with_true("yes", true).write();
        let object = Object::read(text.as_bytes()).unwrap();
        assert_eq!(object.object("who").unwrap().text("name").as_deref(), Some("無感\"\\\n\u{1f600}"));
        assert_eq!(object.number("at"), Some(1_700_000_000_123.5));
        assert!(object.is_true("yes"));
        let nothing = Object::new().with_text("a", None).with_number("b", None).with_object("c", None).with_true("d", false);
        assert_eq!(nothing.write(), "{}");
    }

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn what_is_missing_or_of_another_type_is_none() {
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
        }
    }

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn a_list_is_of_its_objects() {
        let object = Object::read(br#"{"list":[{"a":"1"},2,[{}],null,{"a":"3"}],"none":[]}"#).unwrap();
        let texts: Vec<_> = object.list("list").unwrap().iter().map(|object| object.text("a")).collect();
        assert_eq!(texts, [Some("1".into()), Some("3".into())]);
        assert!(object.list("none").unwrap().is_empty());
        let texts: Vec<_> = Object::read_list(br#"[{"a":"1"},2]"#).unwrap().iter().map(|object| object.text("a")).collect();
        assert_eq!(texts, [Some("1".into())]);
        for text in ["", "{}", "[}", "[],1", "7"] {
            assert!(Object::read_list(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
    fn what_is_no_object_is_refused() {
        for text in ["", " ", "null", "7", "\"text\"", "[]", "[{}]", "{", "{}x", "{'a':1}", "<html>", "{\"a\":1,}"] {
            assert!(Object::read(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Object::read(b"{\"a\":\"\xff\"}").is_none());
        assert!(Object::read(b" {\"a\":1}\n").is_some());
        let deep = "[".repeat(200_000);
        assert!(Object::read(deep.as_bytes()).is_none());
    }
}
