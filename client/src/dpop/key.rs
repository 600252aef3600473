//! A P-256 key pair of WebCrypto, whose private half cannot be exported.

use crate::{base64url::encode, error::Error, json::Object};
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};

pub(crate) struct Key {
    private: CryptoKey,
    x: String,
    y: String,
    /// The JWK thumbprint (RFC 7638).
    pub(crate) thumbprint: String,
}

fn failed() -> Error {
    Error::InvalidRequest("DPoP needs WebCrypto, and this page has none or it failed: serve it over https, or at http://localhost".into())
}

fn subtle() -> Result<SubtleCrypto, Error> {
    let window = if cfg!(target_arch = "wasm32") { web_sys::window() } else { None };
    let subtle = window.and_then(|window| window.crypto().ok()).map(|crypto| crypto.subtle());
    subtle.filter(|subtle| !subtle.is_undefined()).ok_or_else(failed)
}

async fn finished(promise: Result<js_sys::Promise, JsValue>) -> Result<JsValue, Error> {
    JsFuture::from(promise.map_err(|_| failed())?).await.map_err(|_| failed())
}

fn object(members: &[(&str, &str)]) -> js_sys::Object {
    let object = js_sys::Object::new();
    for (name, value) in members {
        // It fails for frozen objects only.
        let _ = Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    object
}

impl Key {
    /// Makes a pair: a `CryptoKeyPair`.
    pub(crate) async fn generate() -> Result<JsValue, Error> {
        let algorithm = object(&[("name", "ECDSA"), ("namedCurve", "P-256")]);
        let usages = Array::of2(&"sign".into(), &"verify".into());
        finished(subtle()?.generate_key_with_object(&algorithm, false, &usages)).await
    }

    /// Takes a pair.
    pub(crate) async fn read(pair: JsValue) -> Result<Key, Error> {
        let half = |name: &str| Reflect::get(&pair, &name.into()).ok()?.dyn_into::<CryptoKey>().ok();
        let (private, public) = half("privateKey").zip(half("publicKey")).ok_or_else(failed)?;
        let jwk = finished(subtle()?.export_key("jwk", &public)).await?;
        let member = |name: &str| Reflect::get(&jwk, &name.into()).ok()?.as_string();
        let (x, y) = member("x").zip(member("y")).ok_or_else(failed)?;
        let canonical = format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}");
        let thumbprint = hash(&canonical).await?;
        Ok(Key { private, x, y, thumbprint })
    }

    #[cfg(all(test, target_arch = "wasm32"))]
    pub(crate) fn is_private(&self) -> bool {
        !self.private.extractable()
    }

    /// The public half (RFC 7518 §6.2).
    pub(crate) fn jwk(&self) -> Object {
        let jwk = Object::new().with_text("kty", Some("EC")).with_text("crv", Some("P-256"));
        jwk.with_text("x", Some(&self.x)).with_text("y", Some(&self.y))
    }

    /// Signs by ES256 (RFC 7518 §3.4) and appends the signature.
    pub(crate) async fn sign(&self, signed: String) -> Result<String, Error> {
        let algorithm = object(&[("name", "ECDSA"), ("hash", "SHA-256")]);
        let signature = finished(subtle()?.sign_with_object_and_u8_array(&algorithm, &self.private, signed.as_bytes())).await?;
        Ok(format!("{signed}.{}", encode(&Uint8Array::new(&signature).to_vec())))
    }
}

/// SHA-256 in base64url.
pub(crate) async fn hash(text: &str) -> Result<String, Error> {
    let digest = finished(subtle()?.digest_with_str_and_u8_array("SHA-256", text.as_bytes())).await?;
    Ok(encode(&Uint8Array::new(&digest).to_vec()))
}

/// 128 random bits.
pub(crate) fn random_id() -> Result<String, Error> {
    let mut bytes = [0; 16];
    let crypto = web_sys::window().and_then(|window| window.crypto().ok()).ok_or_else(failed)?;
    crypto.get_random_values_with_u8_array(&mut bytes).map_err(|_| failed())?;
    Ok(encode(&bytes))
}
