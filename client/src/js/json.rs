//! JSON parsed by `JSON.parse` and written by `JSON.stringify`.

// Inherited members such as `toString` are functions, so they are neither string, number nor object.
pub(crate) use super::object::get;
use js_sys::{Array, JSON, Object};
pub(crate) use wasm_bindgen::JsValue as Value;

pub(crate) fn object() -> Value {
    Object::new().into()
}

pub(crate) fn parse(text: &str) -> Option<Value> {
    JSON::parse(text).ok()
}

pub(crate) fn write(value: &Value) -> String {
    // It fails for cyclic objects only.
    JSON::stringify(value).map(String::from).unwrap_or_default()
}

#[cfg(any(feature = "dpop", feature = "oidc"))]
pub(crate) fn to_js(value: &Value) -> Value {
    value.clone()
}

pub(crate) fn set(object: &mut Value, name: &str, value: Value) {
    super::object::set(object, name, &value);
}

pub(crate) fn is_object(value: &Value) -> bool {
    value.is_object() && !Array::is_array(value)
}

pub(crate) fn text(value: Value) -> Option<String> {
    value.as_string()
}

pub(crate) fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

pub(crate) fn list(value: Value) -> Option<Vec<Value>> {
    Array::is_array(&value).then(|| Array::from(&value).to_vec())
}
