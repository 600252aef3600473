//! Detects whether the browser sends streams as request bodies.

use js_sys::{Object, Reflect};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};

/// Whether `fetch` takes a `ReadableStream` as a body: a browser that does not turns it into text and sets a content type.
/// <https://developer.chrome.com/docs/capabilities/web-apis/fetch-streaming-requests#feature_detection>
pub(crate) fn sends_streams() -> bool {
    let is_supported = || {
        let stream = web_sys::ReadableStream::new().ok()?;
        let init = Object::new();
        let asked = Rc::new(Cell::new(false));
        let seen = asked.clone();
        let duplex = Closure::<dyn FnMut() -> JsValue>::new(move || {
            seen.set(true);
            JsValue::from("half")
        });
        let getter = Object::new();
        Reflect::set(&getter, &"get".into(), duplex.as_ref()).ok()?;
        Object::define_property(&init, &"duplex".into(), &getter);
        Reflect::set(&init, &"method".into(), &"POST".into()).ok()?;
        Reflect::set(&init, &"body".into(), &stream).ok()?;
        let request = web_sys::Request::new_with_str_and_init("https://localhost", init.unchecked_ref()).ok()?;
        Some(asked.get() && !request.headers().has("content-type").ok()?)
    };
    is_supported().unwrap_or(false)
}
