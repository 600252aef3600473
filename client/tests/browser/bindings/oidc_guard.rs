//! Sign-ins that fail in components: a guard must not sign the user in again and again, and each failure is shown with a way to try again.

use super::{Mounted, PageAddress, new_element};
use crate::{
    fixture::random_name,
    page::{MockResponse, Page},
    providers::{DISCOVERY, ISSUER, Signed, Stored, claims, document, respond_with, sign},
};
use leptos::{mount::mount_to, prelude::*};
use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;
use wugan::{
    Client,
    leptos::{Guarded, OidcCallback, OidcCallbackOptions, OidcSession, provide_oidc, use_oidc},
    oidc::{Config, Metadata, Oidc},
};

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

impl Mounted {
    fn try_again(&self) {
        let button = self.element.query_selector("[role=alert] button").unwrap().expect("a button");
        button.unchecked_into::<HtmlElement>().click();
    }
}

#[wasm_bindgen_test]
async fn a_guard_that_cannot_begin_a_sign_in_says_why_and_tries_again() {
    let (page, _stored) = (Page::new(), Stored::old(&document("/token")));
    respond_with(&page, 503, "");
    let element = new_element();
    let client = Client::builder("").storage_key(&format!("test.{}", random_name())).auto_refresh(false);
    let handle = mount_to(element.clone(), move || {
        view! { <OidcSession config=Config::new(ISSUER, "app") client><Guarded options=use_oidc().guard()>"Your account"</Guarded></OidcSession> }
    });
    let mounted = Mounted { element, component: Some(Box::new(handle)) };
    mounted.shows(&format!("the sign-in service is not available: {ISSUER}{DISCOVERY} answered 503 Try again")).await;
    respond_with(&page, 200, &document("/other").to_string());
    mounted.try_again();
    mounted.shows(&format!("{ISSUER}: the provider has changed its configuration: load this page again Try again")).await;
}

#[wasm_bindgen_test]
async fn a_callback_that_could_not_be_completed_is_tried_again_without_another_sign_in() {
    let (page, _stored) = (Page::new(), Stored::old(&document("/token")));
    respond_with(&page, 200, &document("/token").to_string());
    let respond = |path: &str, status: u16, body: &Value| {
        page.respond(path, MockResponse::new(status).header("content-type", "application/json").chunk(body.to_string()));
    };
    let Signed { token, keys } = sign(&claims()).await;
    respond("/keys", 503, &json!({}));
    respond("/token", 200, &json!({ "access_token": "made-up-access", "token_type": "Bearer", "expires_in": 60, "id_token": token }));
    let pending = json!({ "issuer": ISSUER, "verifier": "v", "nonce": "n", "return_to": "/notes", "begun": js_sys::Date::now() });
    js_sys::eval(&format!("sessionStorage['wugan:oidc:state:s'] = JSON.stringify({pending})")).unwrap();
    let _address = PageAddress::set("/callback?code=c&state=s");
    let element = new_element();
    let key = format!("test.{}", random_name());
    let client = Client::builder("").storage_key(&key).auto_refresh(false);
    let handle = mount_to(element.clone(), move || {
        let shown = RwSignal::new(String::new());
        let options = move || OidcCallbackOptions::default().navigate(move |address| shown.set(address.to_owned()));
        view! {
            <OidcSession config=Config::new(ISSUER, "app") client>
                <OidcCallback options=options()>"Signing in "</OidcCallback>
                {shown}
            </OidcSession>
        }
    });
    let mounted = Mounted { element, component: Some(Box::new(handle)) };
    mounted
        .shows(&format!("the sign-in service is not available: {ISSUER}/keys answered 503, but sent no JSON Web Key Set Try again"))
        .await;
    assert!(page.sent("/token").is_empty());
    respond("/keys", 200, &keys);
    mounted.try_again();
    mounted.shows("Signing in /notes").await;
    assert_eq!(page.sent("/token").len(), 1);
    for name in [key.clone(), format!("{key}.id_token")] {
        window().local_storage().unwrap().unwrap().remove_item(&name).unwrap();
    }
    js_sys::eval(&format!("delete sessionStorage['wugan:oidc:completed:{key}']")).unwrap();
}
