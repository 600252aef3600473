//! Properties and methods of JavaScript objects, by their names.

use futures::future::LocalBoxFuture;
use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

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

/// The result of a call that returns a promise. Boxed, so that its code exists once.
pub(crate) fn settled(called: Result<JsValue, JsValue>) -> LocalBoxFuture<'static, Result<JsValue, JsValue>> {
    Box::pin(async move { JsFuture::from(called?.unchecked_into::<Promise>()).await })
}
