//! WebCrypto: `crypto.subtle`, which browsers offer in secure contexts only. Outside of a browser it is missing.

use crate::base64url::encode;
use futures::future::LocalBoxFuture;
use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Calls a method. `None`: WebCrypto is missing, or refuses the arguments. Boxed, so that its code exists once.
pub(crate) fn call(method: &str, arguments: &[&JsValue]) -> LocalBoxFuture<'static, Option<JsValue>> {
    let promise = subtle().and_then(|subtle| {
        let list: Array = arguments.iter().copied().collect();
        Reflect::apply(get(&subtle, method).unchecked_ref::<Function>(), &subtle, &list).ok()
    });
    Box::pin(async move { JsFuture::from(promise?.unchecked_into::<Promise>()).await.ok() })
}

/// `None`: this is no secure context.
fn subtle() -> Option<JsValue> {
    let crypto = cfg!(target_arch = "wasm32").then(|| get(&js_sys::global(), "crypto"))?;
    Some(get(&crypto, "subtle")).filter(JsValue::is_object)
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

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}
