//! JSON objects parsed by `JSON.parse` and written by `JSON.stringify`.

use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::JsValue;

pub(crate) struct Object(JsValue);

impl Object {
    pub(crate) fn new() -> Object {
        Object(js_sys::Object::new().into())
    }

    pub(crate) fn read(text: &str) -> Option<Object> {
        Object::of(JSON::parse(text).ok()?)
    }

    fn of(value: JsValue) -> Option<Object> {
        (value.is_object() && !Array::is_array(&value)).then_some(Object(value))
    }

    pub(crate) fn read_list(text: &str) -> Option<Vec<Object>> {
        Object::list_of(&JSON::parse(text).ok()?)
    }

    fn list_of(value: &JsValue) -> Option<Vec<Object>> {
        Array::is_array(value).then(|| Array::from(value).iter().filter_map(Object::of).collect())
    }

    /// Inherited members such as `toString` are functions, so they are neither string, number nor object.
    fn get(&self, name: &str) -> JsValue {
        Reflect::get(&self.0, &name.into()).unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).as_string()
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.get(name).as_f64()
    }

    pub(crate) fn object(&self, name: &str) -> Option<Object> {
        Object::of(self.get(name))
    }

    pub(crate) fn list(&self, name: &str) -> Option<Vec<Object>> {
        Object::list_of(&self.get(name))
    }

    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let value = self.get(name);
        Array::is_array(&value).then(|| Array::from(&value).iter().filter_map(|value| value.as_string()).collect())
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name) == JsValue::TRUE
    }

    fn set(&self, name: &str, value: &JsValue) {
        // It fails for frozen objects only.
        let _ = Reflect::set(&self.0, &name.into(), value);
    }

    pub(crate) fn set_text(&mut self, name: &str, text: &str) {
        self.set(name, &text.into());
    }

    pub(crate) fn set_number(&mut self, name: &str, number: f64) {
        self.set(name, &number.into());
    }

    pub(crate) fn set_object(&mut self, name: &str, object: Object) {
        self.set(name, &object.0);
    }

    pub(crate) fn set_true(&mut self, name: &str) {
        self.set(name, &JsValue::TRUE);
    }

    pub(crate) fn write(&self) -> String {
        // It fails for cyclic objects only.
        JSON::stringify(&self.0).map(String::from).unwrap_or_default()
    }
}
