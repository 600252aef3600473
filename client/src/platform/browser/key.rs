//! A P-256 key pair of WebCrypto, whose private half cannot be exported.

use super::{get, key_store};
use crate::{
    error::Error,
    json::Object,
    platform::{LoadedKey, SigningKey, no_web_crypto},
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

/// What [`load`] returns if no key of the name is stored.
pub(super) enum Otherwise {
    Nothing,
    NewKey,
    /// A `CryptoKeyPair`, which is stored.
    Pair(JsValue),
}

/// The stored key of this name; a new one and a given one are stored.
pub(super) fn load(name: &str, otherwise: Otherwise) -> LoadedKey {
    let name = name.to_owned();
    Box::pin(async move {
        let pair = match otherwise {
            Otherwise::Nothing => key_store::get(&name).await?,
            Otherwise::NewKey => {
                let usages = Array::of2(&"sign".into(), &"verify".into());
                let pair = web_crypto::call("generateKey", &[&ecdsa("namedCurve", "P-256"), &JsValue::FALSE, &usages]).await;
                Some(key_store::put_if_absent(&name, pair.ok_or_else(no_web_crypto)?).await?)
            }
            Otherwise::Pair(pair) => Some(key_store::put_if_absent(&name, pair).await?),
        };
        let Some(pair) = pair else { return Ok(None) };
        let key = async {
            let jwk = web_crypto::call("exportKey", &[&"jwk".into(), &get(&pair, "publicKey")]).await?;
            let coordinates = [get(&jwk, "x").as_string()?, get(&jwk, "y").as_string()?];
            let text = ["{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"", &coordinates[0], "\",\"y\":\"", &coordinates[1], "\"}"].concat();
            let thumbprint = web_crypto::sha256(&text).await?;
            Some(Rc::new(Key { pair, coordinates, thumbprint }) as Rc<dyn SigningKey>)
        };
        key.await.map(Some).ok_or_else(no_web_crypto)
    })
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

    fn store(&self, name: &str) -> LoadedKey {
        load(name, Otherwise::Pair(self.pair.clone()))
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
    use crate::platform::browser::{scope, set};
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    async fn tabs_that_make_a_key_at_once_share_one_whose_private_half_cannot_be_exported() {
        let name = format!("test.dpop.{}", js_sys::Math::random());
        assert!(load(&name, Otherwise::Nothing).await.unwrap().is_none());
        let (one, other) = futures::future::join(load(&name, Otherwise::NewKey), load(&name, Otherwise::NewKey)).await;
        let thumbprint = one.unwrap().unwrap().thumbprint().to_owned();
        assert_eq!((thumbprint.len(), thumbprint.as_str()), (43, other.unwrap().unwrap().thumbprint()));
        assert_eq!(load(&name, Otherwise::Nothing).await.unwrap().unwrap().thumbprint(), thumbprint);
        let pair = key_store::get(&name).await.unwrap().unwrap();
        assert_eq!(get(&get(&pair, "privateKey"), "extractable"), JsValue::FALSE);
    }

    #[wasm_bindgen_test]
    async fn a_key_that_cannot_be_stored_is_not_used() {
        let stores = get(&get(&scope(), "IDBObjectStore"), "prototype");
        let add = get(&stores, "add");
        set(&stores, "add", &JsValue::NULL);
        let made = load(&format!("test.dpop.{}", js_sys::Math::random()), Otherwise::NewKey).await;
        set(&stores, "add", &add);
        assert!(matches!(made, Err(Error::Unavailable { .. })));
    }
}
