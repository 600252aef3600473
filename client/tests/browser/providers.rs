//! Sign-in with an OpenID provider: errors that need a browser and no provider.

use crate::{
    fixture::{local_storage, random_name},
    page::{MockResponse, Page},
};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Client, TokenSet,
    oidc::{Config, Error, Metadata, Oidc, SignInOptions},
};

const ISSUER: &str = "https://login.example.com";

/// A client at a provider, and its storage key.
fn connect() -> (Oidc, String) {
    let at = |path: &str| format!("{ISSUER}{path}");
    let metadata = Metadata::new(ISSUER, at("/auth"), at("/token"), at("/keys")).userinfo_endpoint(at("/me"));
    let key = format!("test.{}", random_name());
    let client = Client::builder("").storage_key(&key).auto_refresh(false);
    (Config::new(ISSUER, "app").connect_with(metadata, client).unwrap(), key)
}

#[wasm_bindgen_test]
async fn a_page_without_web_crypto_is_told_what_to_change() {
    let (oidc, _) = connect();
    js_sys::eval("Object.defineProperty(crypto, 'subtle', { value: undefined, configurable: true })").unwrap();
    let error = oidc.sign_in(SignInOptions::default()).await;
    js_sys::eval("delete crypto.subtle").unwrap();
    assert_eq!(error, Err(Error::NoWebCrypto));
    assert!(Error::NoWebCrypto.to_string().contains("https"));
}

#[wasm_bindgen_test]
async fn user_information_of_another_user_is_refused() {
    let page = Page::new();
    let (oidc, key) = connect();
    oidc.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(60.0));
    let record: serde_json::Value = serde_json::from_str(&local_storage().get_item(&key).unwrap().unwrap()).unwrap();
    // The claims are {"sub":"ada"}.
    let stored = json!({ "session": record["session"], "id_token": "e30.eyJzdWIiOiJhZGEifQ.c2ln" }).to_string();
    local_storage().set_item(&format!("{key}.id_token"), &stored).unwrap();
    let answer = |sub: &str| {
        let body = json!({ "sub": sub, "email": "a@example.com" }).to_string();
        page.respond("/me", MockResponse::new(200).header("content-type", "application/json").chunk(body));
    };
    answer("ada");
    assert_eq!(oidc.user_info().await.unwrap().text("email").as_deref(), Some("a@example.com"));
    answer("bob");
    assert_eq!(oidc.user_info().await.err(), Some(Error::OtherUser));
    // Without an ID token, and with an access token that names no user, the subject cannot be compared (OpenID Connect Core §5.3.2).
    local_storage().remove_item(&format!("{key}.id_token")).unwrap();
    answer("ada");
    assert_eq!(oidc.user_info().await.err(), Some(Error::OtherUser));
    [key.clone(), format!("{key}.id_token")].iter().for_each(|key| local_storage().remove_item(key).unwrap());
}
