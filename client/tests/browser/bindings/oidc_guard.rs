//! Guards that send to an OpenID provider, where they must not: each would sign the user in again and again.

use super::{Mounted, new_element};
use crate::fixture::random_name;
use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Client,
    leptos::{Guarded, provide_oidc, use_oidc},
    oidc::{Config, Metadata, Oidc},
};

const ISSUER: &str = "https://login.example.com";

/// A client at a provider that is not there, with a storage key of its own.
fn provider() -> (Oidc, String) {
    let at = |path: &str| format!("{ISSUER}{path}");
    let key = format!("test.{}", random_name());
    let client = Client::builder("").storage_key(&key).auto_refresh(false);
    let oidc = Config::new(ISSUER, "app").connect_with(Metadata::new(ISSUER, at("/auth"), at("/token"), at("/keys")), client);
    (oidc.unwrap(), key)
}

/// A guarded page, and why it is not shown.
fn mount(oidc: Oidc) -> Mounted {
    let element = new_element();
    let handle = mount_to(element.clone(), move || {
        provide_oidc(oidc);
        let error = move || use_oidc().error.get().map(|error| error.to_string());
        view! { {error} <Guarded options=use_oidc().guard()>"Your account"</Guarded> }
    });
    Mounted { element, component: Some(Box::new(handle)) }
}

#[wasm_bindgen_test]
async fn a_guard_does_not_repeat_a_sign_in_whose_session_was_lost() {
    let (oidc, key) = provider();
    let completed = format!("sessionStorage['wugan:oidc:completed:{key}']");
    js_sys::eval(&format!("{completed} = JSON.stringify({{ at: Date.now() - 2000 }})")).unwrap();
    let mounted = mount(oidc);
    let expected = "the session was lost right after the sign-in: it was kept in memory only, this site's storage is full, or the API \
        refuses the token";
    mounted.shows(expected).await;
    js_sys::eval(&format!("delete {completed}")).unwrap();
}
