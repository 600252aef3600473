//! A P-256 key pair of WebCrypto, whose private half cannot be exported.

use super::{call, get, key_store, scope, set};
use crate::{
    base64url::encode,
    error::Error,
    platform::{SigningKey, no_web_crypto},
};
use futures::future::LocalBoxFuture;
use js_sys::{Array, Object, Promise, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

struct Key {
    /// A `CryptoKeyPair`.
    pair: JsValue,
    coordinates: [String; 2],
    thumbprint: String,
}

/// The stored key.
pub(super) fn stored(name: String) -> LocalBoxFuture<'static, Result<Option<Rc<dyn SigningKey>>, Error>> {
    Box::pin(async move {
        match key_store::get(&name).await? {
            Some(pair) => read(pair).await.map(Some),
            None => Ok(None),
        }
    })
}

/// Stores a pair, or a new one, unless there is one. Returns the stored one.
pub(super) fn store(name: String, pair: Option<JsValue>) -> LocalBoxFuture<'static, Result<Rc<dyn SigningKey>, Error>> {
    Box::pin(async move {
        let pair = match pair {
            Some(pair) => pair,
            None => {
                let usages = Array::of2(&"sign".into(), &"verify".into());
                let algorithm = object(&[("name", "ECDSA"), ("namedCurve", "P-256")]);
                crypto("generateKey", &[&algorithm, &JsValue::FALSE, &usages]).await?
            }
        };
        read(key_store::put_if_absent(&name, pair).await?).await
    })
}

/// SHA-256 in base64url.
pub(super) fn sha256(text: String) -> LocalBoxFuture<'static, Result<String, Error>> {
    Box::pin(async move { Ok(encoded(&crypto("digest", &[&"SHA-256".into(), &bytes(&text)]).await?)) })
}

async fn read(pair: JsValue) -> Result<Rc<dyn SigningKey>, Error> {
    let jwk = crypto("exportKey", &[&"jwk".into(), &get(&pair, "publicKey")]).await?;
    let member = |name: &str| get(&jwk, name).as_string().ok_or_else(no_web_crypto);
    let coordinates = [member("x")?, member("y")?];
    let [x, y] = &coordinates;
    let thumbprint = sha256(format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}")).await?;
    Ok(Rc::new(Key { pair, coordinates, thumbprint }))
}

impl SigningKey for Key {
    fn coordinates(&self) -> [&str; 2] {
        self.coordinates.each_ref().map(|text| &**text)
    }

    fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    fn sign(&self, text: &str) -> LocalBoxFuture<'static, Result<String, Error>> {
        let (private, text) = (get(&self.pair, "privateKey"), bytes(text));
        Box::pin(async move {
            let algorithm = object(&[("name", "ECDSA"), ("hash", "SHA-256")]);
            Ok(encoded(&crypto("sign", &[&algorithm, &private, &text]).await?))
        })
    }

    fn store(&self, name: &str) -> LocalBoxFuture<'static, Result<Rc<dyn SigningKey>, Error>> {
        store(name.to_owned(), Some(self.pair.clone()))
    }
}

/// Calls a method of `crypto.subtle`, which is missing in a page that was loaded over plain HTTP.
async fn crypto(method: &str, arguments: &[&JsValue]) -> Result<JsValue, Error> {
    let subtle = get(&get(&scope(), "crypto"), "subtle");
    let promise = call(&subtle, method, arguments).map_err(|_| no_web_crypto())?;
    JsFuture::from(promise.unchecked_into::<Promise>()).await.map_err(|_| no_web_crypto())
}

fn object(members: &[(&str, &str)]) -> JsValue {
    let object = Object::new().into();
    members.iter().for_each(|(name, value)| set(&object, name, &(*value).into()));
    object
}

fn bytes(text: &str) -> JsValue {
    Uint8Array::from(text.as_bytes()).into()
}

fn encoded(buffer: &JsValue) -> String {
    encode(&Uint8Array::new(buffer).to_vec())
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    async fn tabs_that_make_a_key_at_once_share_one_whose_private_half_cannot_be_exported() {
        let name = format!("test.dpop.{}", js_sys::Math::random());
        assert!(stored(name.clone()).await.unwrap().is_none());
        let (one, other) = futures::future::join(store(name.clone(), None), store(name.clone(), None)).await;
        let thumbprint = one.unwrap().thumbprint().to_owned();
        assert_eq!((thumbprint.len(), thumbprint.as_str()), (43, other.unwrap().thumbprint()));
        assert_eq!(stored(name.clone()).await.unwrap().unwrap().thumbprint(), thumbprint);
        let pair = key_store::get(&name).await.unwrap().unwrap();
        assert_eq!(get(&get(&pair, "privateKey"), "extractable"), JsValue::FALSE);
    }

    #[wasm_bindgen_test]
    async fn a_key_that_cannot_be_stored_is_not_used() {
        let stores = get(&get(&scope(), "IDBObjectStore"), "prototype");
        let add = get(&stores, "add");
        set(&stores, "add", &JsValue::NULL);
        let made = store(format!("test.dpop.{}", js_sys::Math::random()), None).await;
        set(&stores, "add", &add);
        assert!(matches!(made, Err(Error::Unavailable { .. })));
    }
}
