//! WebCrypto: `crypto.subtle`, which browsers offer in secure contexts only. Outside of a browser it is missing.

use crate::base64url::encode;
#[cfg(target_arch = "wasm32")]
use crate::js::object;
use futures::future::LocalBoxFuture;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Calls a method. `None`: WebCrypto is missing, or refuses the arguments. Boxed, so that its code exists once.
pub(crate) fn call(method: &str, arguments: &[&JsValue]) -> LocalBoxFuture<'static, Option<JsValue>> {
    #[cfg(target_arch = "wasm32")]
    let promise = object::call(&object::get(&object::get(&js_sys::global(), "crypto"), "subtle"), method, arguments).ok();
    #[cfg(not(target_arch = "wasm32"))]
    let (promise, _) = (None::<JsValue>, (method, arguments));
    Box::pin(async move { JsFuture::from(promise?.unchecked_into::<Promise>()).await.ok() })
}

/// SHA-256 in base64url.
pub(crate) fn sha256(text: &str) -> LocalBoxFuture<'static, Option<String>> {
    read(call("digest", &[&"SHA-256".into(), &bytes(text)]))
}

pub(crate) fn bytes(text: &str) -> JsValue {
    Uint8Array::from(text.as_bytes()).into()
}

/// An `ArrayBuffer` in base64url. Boxed, so that its code exists once.
pub(crate) fn read(called: LocalBoxFuture<'static, Option<JsValue>>) -> LocalBoxFuture<'static, Option<String>> {
    Box::pin(async move { Some(encode(&Uint8Array::new(&called.await?).to_vec())) })
}
