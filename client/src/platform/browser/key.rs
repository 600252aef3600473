//! A P-256 key pair of WebCrypto, whose private half cannot be exported.

use super::key_store;
use crate::{
    error::Error,
    js::object::get,
    json::Object,
    platform::{LoadedKey, SigningKey, StoredKey, no_web_crypto},
    web_crypto::{self, bytes},
};
use futures::future::LocalBoxFuture;
use js_sys::Array;
use std::rc::Rc;
use wasm_bindgen::JsValue;

struct Key {
    /// A `CryptoKeyPair`.
    pair: JsValue,
    coordinates: [String; 2],
    thumbprint: String,
}

/// The stored key of this name.
pub(super) fn load(name: &str) -> LoadedKey {
    let name = name.to_owned();
    Box::pin(async move {
        match key_store::get(&name).await? {
            Some(pair) => read(pair).await.map(Some),
            None => Ok(None),
        }
    })
}

/// Stores a `CryptoKeyPair`, a new one if none is given, unless there is a key of this name. Returns the stored one.
pub(super) fn store(name: &str, pair: Option<JsValue>) -> StoredKey {
    let name = name.to_owned();
    Box::pin(async move {
        let pair = match pair {
            Some(pair) => pair,
            None => {
                let usages = Array::of2(&"sign".into(), &"verify".into());
                let made = web_crypto::call("generateKey", &[&ecdsa("namedCurve", "P-256"), &JsValue::FALSE, &usages]).await;
                made.ok_or_else(no_web_crypto)?
            }
        };
        read(key_store::put_if_absent(&name, pair).await?).await
    })
}

/// Reads the public half of a `CryptoKeyPair`. Boxed, so that its code exists once.
fn read(pair: JsValue) -> StoredKey {
    let key = async move {
        let jwk = web_crypto::call("exportKey", &[&"jwk".into(), &get(&pair, "publicKey")]).await?;
        let coordinates = [get(&jwk, "x").as_string()?, get(&jwk, "y").as_string()?];
        let text = ["{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"", &coordinates[0], "\",\"y\":\"", &coordinates[1], "\"}"].concat();
        let thumbprint = web_crypto::sha256(&text).await?;
        Some(Rc::new(Key { pair, coordinates, thumbprint }) as Rc<dyn SigningKey>)
    };
    Box::pin(async move { key.await.ok_or_else(no_web_crypto) })
}

impl SigningKey for Key {
    fn coordinates(&self) -> [&str; 2] {
        self.coordinates.each_ref().map(|text| &**text)
    }

    fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    fn sign(&self, text: &str) -> LocalBoxFuture<'static, Result<String, Error>> {
        let signing = web_crypto::call("sign", &[&ecdsa("hash", "SHA-256"), &get(&self.pair, "privateKey"), &bytes(text)]);
        Box::pin(async move { web_crypto::read(signing).await.ok_or_else(no_web_crypto) })
    }

    fn store(&self, name: &str) -> StoredKey {
        store(name, Some(self.pair.clone()))
    }
}

/// ECDSA with a setting.
fn ecdsa(name: &str, value: &str) -> JsValue {
    Object::new().with_text("name", Some("ECDSA")).with_text(name, Some(value)).to_js()
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{js::object::set, platform::browser::scope::scope};
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    async fn tabs_that_make_a_key_at_once_share_one_whose_private_half_cannot_be_exported() {
        let name = format!("test.dpop.{}", js_sys::Math::random());
        assert!(load(&name).await.unwrap().is_none());
        let (one, other) = futures::future::join(store(&name, None), store(&name, None)).await;
        let thumbprint = one.unwrap().thumbprint().to_owned();
        assert_eq!((thumbprint.len(), thumbprint.as_str()), (43, other.unwrap().thumbprint()));
        assert_eq!(load(&name).await.unwrap().unwrap().thumbprint(), thumbprint);
        let pair = key_store::get(&name).await.unwrap().unwrap();
        assert_eq!(get(&get(&pair, "privateKey"), "extractable"), JsValue::FALSE);
    }

    #[wasm_bindgen_test]
    async fn a_key_that_cannot_be_stored_is_not_used() {
        let stores = get(&get(&scope(), "IDBObjectStore"), "prototype");
        let add = get(&stores, "add");
        set(&stores, "add", &JsValue::NULL);
        let made = store(&format!("test.dpop.{}", js_sys::Math::random()), None).await;
        set(&stores, "add", &add);
        assert!(matches!(made, Err(Error::Unavailable { .. })));
    }
}
