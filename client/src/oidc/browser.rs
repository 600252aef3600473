//! The browser: its page, sessionStorage, and WebCrypto. On a server there is none.

use crate::oidc::error::Error;
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, Storage, SubtleCrypto, Window};

pub(crate) fn window() -> Option<Window> {
    if cfg!(target_arch = "wasm32") { web_sys::window() } else { None }
}

/// `None` where it is denied.
pub(crate) fn session_storage() -> Option<Storage> {
    window()?.session_storage().ok().flatten()
}

/// The page's origin.
pub(crate) fn origin() -> Option<String> {
    window()?.location().origin().ok()
}

/// Leaves the page.
pub(crate) fn go_to(url: &str) -> Result<(), Error> {
    let window = window().ok_or(Error::NoBrowser)?;
    window.location().assign(url).map_err(|_| Error::InvalidRequest("the browser refuses the provider's address".into()))
}

/// Browsers offer WebCrypto's `subtle` in secure contexts only.
fn subtle() -> Result<SubtleCrypto, Error> {
    let subtle = window().ok_or(Error::NoBrowser)?.crypto().map_err(|_| Error::NoWebCrypto)?.subtle();
    if subtle.is_undefined() { Err(Error::NoWebCrypto) } else { Ok(subtle) }
}

pub(crate) fn random_bytes() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    let crypto = window().ok_or(Error::NoBrowser)?.crypto().map_err(|_| Error::NoWebCrypto)?;
    crypto.get_random_values_with_u8_array(&mut bytes).map_err(|_| Error::NoWebCrypto)?;
    Ok(bytes)
}

pub(crate) async fn sha256(text: &str) -> Result<Vec<u8>, Error> {
    let digest = subtle()?.digest_with_str_and_u8_array("SHA-256", text.as_bytes()).map_err(|_| Error::NoWebCrypto)?;
    let digest = JsFuture::from(digest).await.map_err(|_| Error::NoWebCrypto)?;
    Ok(Uint8Array::new(&digest).to_vec())
}

/// A JavaScript object with these members.
pub(crate) fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        // It fails for frozen objects only.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

/// Verifies a signature with a JWK. `None`: this browser does not know the algorithm, or the key is not valid.
pub(crate) async fn verify(jwk: &Object, algorithm: &Object, signature: &[u8], signed: &str) -> Result<Option<bool>, Error> {
    let subtle = subtle()?;
    let usages = js_sys::Array::of1(&"verify".into());
    let verifying = async {
        let key: CryptoKey = JsFuture::from(subtle.import_key_with_object("jwk", jwk, algorithm, false, &usages)?).await?.unchecked_into();
        JsFuture::from(subtle.verify_with_object_and_u8_array_and_u8_array(algorithm, &key, signature, signed.as_bytes())?).await
    };
    Ok(verifying.await.ok().map(|verified: JsValue| verified.is_truthy()))
}
