//! Properties and methods of JavaScript objects, by their names.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};

/// A property of an object; `undefined` if there is none. Each typed getter would be one more import, in the program and in its script.
pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// Sets a property.
pub(crate) fn set(object: &JsValue, name: &str, value: &JsValue) {
    // It fails for frozen objects only.
    let _ = Reflect::set(object, &name.into(), value);
}

/// Calls a method.
pub(crate) fn call(object: &JsValue, name: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let list: js_sys::Array = arguments.iter().copied().collect();
    Reflect::apply(get(object, name).dyn_ref::<js_sys::Function>().ok_or(JsValue::UNDEFINED)?, object, &list)
}
