//! Sign-ins that fail in components: a guard must not sign the user in again and again, and each failure is shown with a way to try again.

use super::{Mounted, PageAddress, new_element};
use crate::{
    fixture::{random_name, wait_until},
    page::{MockResponse, Page},
    providers::{DISCOVERY, ISSUER, Signed, Stored, claims, document, respond_with, sign},
    undo::replace,
};
use gloo_timers::future::TimeoutFuture;
use leptos::{mount::mount_to, prelude::*, task::spawn_local};
use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;
use wugan::{
    Client, TokenSet,
    leptos::{Guarded, OidcCallback, OidcCallbackOptions, OidcSession, provide_oidc, use_oidc, use_session},
    oidc::{Config, Metadata, Oidc, SignInOptions},
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
    Mounted::new(element, handle)
}

#[wasm_bindgen_test]
async fn a_guard_does_not_repeat_a_sign_in_whose_session_was_lost() {
    let (oidc, key) = provider();
    let completed = format!("sessionStorage['wugan:oidc:completed:{key}']");
    js_sys::eval(&format!("{completed} = JSON.stringify({{ at: Date.now() - 2000 }})")).unwrap();
    let mounted = mount(oidc);
    let expected = "the session was lost right after the sign-in: free this site's storage, set another storage_key if it has another \
        backend's session, or check that the API accepts the token";
    mounted.shows(expected).await;
    js_sys::eval(&format!("delete {completed}")).unwrap();
}

impl Mounted {
    fn try_again(&self) {
        self.click("[role=alert] button");
    }

    fn click(&self, selector: &str) {
        let element = self.element.query_selector(selector).unwrap().expect(selector);
        element.unchecked_into::<HtmlElement>().click();
    }
}

/// A page below `OidcSession`. The provider's metadata are stored, and too old for a sign-in.
fn mount_below<V: IntoView + 'static>(page: impl Fn() -> V + Send + Sync + 'static) -> Mounted {
    let element = new_element();
    let client = Client::builder("").storage_key(&format!("test.{}", random_name())).auto_refresh(false);
    let handle = mount_to(element.clone(), move || view! { <OidcSession config=Config::new(ISSUER, "app") client>{page()}</OidcSession> });
    Mounted::new(element, handle)
}

/// `window.open` until this is dropped: it counts its calls, and returns `windows.next`.
struct Windows;

impl Windows {
    fn new() -> Windows {
        js_sys::eval(
            "window.windows = { original: open, opened: 0, next: null }; window.open = () => { windows.opened++; return windows.next }",
        )
        .unwrap();
        Windows
    }

    /// From now on, a window is opened.
    fn allow(&self) {
        js_sys::eval("windows.next = { closed: false, close() {}, location: { set href(url) { windows.address = url } } }").unwrap();
    }

    /// Waits until the provider's page is loaded in the window, and closes it.
    async fn close(&self) -> String {
        let address = || js_sys::eval("windows.address").unwrap().as_string();
        wait_until("the provider's page", || address().is_some()).await;
        let url = address().unwrap();
        js_sys::eval("windows.next.closed = true; delete windows.address").unwrap();
        url
    }

    fn opened(&self) -> f64 {
        js_sys::eval("windows.opened").unwrap().as_f64().unwrap()
    }
}

impl Drop for Windows {
    fn drop(&mut self) {
        js_sys::eval("window.open = windows.original").unwrap();
    }
}

const NO_KEYS: &str = "the sign-in service is not available: https://login.example.com/keys answered 503";

/// The provider has sent the browser back to this tab.
fn receive_code() -> PageAddress {
    let pending = json!({ "issuer": ISSUER, "verifier": "v", "nonce": "n", "return_to": "/notes", "begun": js_sys::Date::now() });
    js_sys::eval(&format!("sessionStorage['wugan:oidc:state:s'] = JSON.stringify({pending})")).unwrap();
    PageAddress::set("/callback?code=c&state=s")
}

/// The page of the redirect URI. It shows where it goes to.
fn mount_callback(key: &str) -> Mounted {
    let element = new_element();
    let client = Client::builder("").storage_key(key).auto_refresh(false);
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
    Mounted::new(element, handle)
}

fn remove_session(key: &str) {
    for name in [key.to_owned(), format!("{key}.id_token")] {
        window().local_storage().unwrap().unwrap().remove_item(&name).unwrap();
    }
}

#[wasm_bindgen_test]
async fn a_sign_in_by_a_window_that_failed_is_tried_again_by_a_window() {
    let (page, _stored, windows) = (Page::new(), Stored::old(&document("/token")), Windows::new());
    respond_with(&page, 503, "");
    let mounted = mount_below(|| {
        let oidc = use_oidc();
        view! { <button id="window" on:click=move |_| oidc.sign_in_with_popup(SignInOptions::default().login_hint("ada"))>"Sign in"</button> }
    });
    mounted.shows("Sign in").await;
    mounted.click("#window");
    mounted.shows("the browser did not open a window: allow pop-ups for this site Try againSign in").await;
    windows.allow();
    mounted.try_again();
    mounted.shows(&format!("the sign-in service is not available: {ISSUER}{DISCOVERY} answered 503 Try againSign in")).await;
    assert_eq!(windows.opened(), 2.0);
    respond_with(&page, 200, &document("/token").to_string());
    for opened in [3.0, 4.0] {
        windows.allow();
        mounted.try_again();
        assert_eq!(windows.opened(), opened, "it is opened while the browser sees the click");
        let url = windows.close().await;
        assert!(url.contains("login_hint=ada"), "with the same options: {url}");
        mounted.shows("the window was closed before the sign-in was complete: start again Try againSign in").await;
    }
    // The user opens two windows and closes the first one.
    windows.allow();
    mounted.click("#window");
    js_sys::eval("windows.first = windows.next").unwrap();
    windows.allow();
    mounted.click("#window");
    js_sys::eval("windows.first.closed = true").unwrap();
    TimeoutFuture::new(2_500).await;
    mounted.shows("Sign in").await;
    windows.close().await;
    mounted.shows("the window was closed before the sign-in was complete: start again Try againSign in").await;
}

#[wasm_bindgen_test]
async fn a_sign_out_that_failed_is_tried_again_and_no_sign_in_begun() {
    let (page, mut document) = (Page::new(), document("/token"));
    // An https URL that no browser goes to.
    document["end_session_endpoint"] = "https://[".into();
    let _stored = Stored::old(&document);
    respond_with(&page, 503, "");
    let mounted = mount_below(|| {
        let (oidc, session) = (use_oidc(), use_session());
        let begin = move |_| oidc.oidc().unwrap().client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh"));
        let state = move || if session.signed_in.get() { "signed in" } else { "signed out" };
        view! { {state} <button id="begin" on:click=begin></button> <button id="end" on:click=move |_| oidc.sign_out()></button> }
    });
    mounted.shows("signed out").await;
    mounted.click("#begin");
    mounted.shows("signed in").await;
    let failed = "the provider cannot be asked: the browser refuses the provider's address Try again";
    mounted.click("#end");
    mounted.shows(&format!("{failed}signed out")).await;
    mounted.click("#begin");
    mounted.shows("signed in").await;
    mounted.click("#end");
    mounted.shows(&format!("{failed}signed out")).await;
    mounted.try_again();
    TimeoutFuture::new(100).await;
    mounted.shows(&format!("{failed}signed out")).await;
    assert_eq!(page.sent(DISCOVERY).len(), 1, "a sign-in would have fetched the old metadata again");
}

#[wasm_bindgen_test]
async fn a_guard_that_cannot_begin_a_sign_in_says_why_and_tries_again() {
    let (page, _stored) = (Page::new(), Stored::old(&document("/token")));
    respond_with(&page, 503, "");
    let mounted = mount_below(|| view! { <Guarded options=use_oidc().guard()>"Your account"</Guarded> });
    mounted.shows(&format!("the sign-in service is not available: {ISSUER}{DISCOVERY} answered 503 Try again")).await;
    respond_with(&page, 200, &document("/other").to_string());
    mounted.try_again();
    mounted.shows(&format!("{ISSUER}: the provider has changed its configuration: load this page again Try again")).await;
}

/// The program handles the response itself, without `OidcCallback`, and reports its error.
#[wasm_bindgen_test]
async fn a_sign_in_follows_a_callback_of_the_program_that_could_not_be_completed() {
    let (page, _stored) = (Page::new(), Stored::old(&document("/token")));
    respond_with(&page, 503, "");
    page.respond("/keys", MockResponse::new(503));
    let _address = receive_code();
    let mounted = mount_below(|| {
        let oidc = use_oidc();
        let handle = move |_| spawn_local(async move { oidc.error.set(oidc.oidc().unwrap().callback().await.err()) });
        view! { <button id="handle" on:click=handle>"Go on"</button> }
    });
    mounted.shows("Go on").await;
    mounted.click("#handle");
    mounted.shows(&format!("{NO_KEYS} Try againGo on")).await;
    mounted.try_again();
    mounted.shows(&format!("the sign-in service is not available: {ISSUER}{DISCOVERY} answered 503 Try againGo on")).await;
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
    let _address = receive_code();
    let key = format!("test.{}", random_name());
    let mounted = mount_callback(&key);
    mounted.shows(&format!("{NO_KEYS} Try again")).await;
    assert!(page.sent("/token").is_empty());
    respond("/keys", 200, &keys);
    mounted.try_again();
    mounted.shows("Signing in /notes").await;
    assert_eq!(page.sent("/token").len(), 1);
    remove_session(&key);
    js_sys::eval(&format!("delete sessionStorage['wugan:oidc:completed:{key}']")).unwrap();
}

#[wasm_bindgen_test]
async fn a_callback_that_could_not_be_completed_is_left_when_another_tab_signs_in() {
    let (page, _stored) = (Page::new(), Stored::old(&document("/token")));
    respond_with(&page, 200, &document("/token").to_string());
    page.respond("/keys", MockResponse::new(503));
    let _address = receive_code();
    let (other_tab, key) = provider();
    let mounted = mount_callback(&key);
    mounted.shows(&format!("{NO_KEYS} Try again")).await;
    other_tab.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh"));
    mounted.shows("Signing in /").await;
    remove_session(&key);
}

/// All tabs wait for the provider.
#[wasm_bindgen_test]
async fn a_provider_that_is_not_available_is_asked_again_after_growing_pauses() {
    let page = Page::new();
    page.respond(DISCOVERY, MockResponse::new(503));
    js_sys::eval("window.pauses = []").unwrap();
    let _random = replace("Math", "random", "() => 0.5");
    // Each pause ends at once. The time limit of a request is 10 s.
    let _timers = replace(
        "window",
        "setTimeout",
        "(run, time) => time > 3_000 && time !== 10_000 ? (pauses.push(time), original.call(window, run, 0)) : original.call(window, run, time)",
    );
    let pauses = || String::from(js_sys::eval("pauses.join()").unwrap().unchecked_into::<js_sys::JsString>());
    let mounted = mount_below(|| "The app");
    wait_until("six pauses", || pauses().matches(',').count() >= 5).await;
    assert!(pauses().starts_with("3750,7500,15000,30000,45000,45000"), "{}", pauses());
    page.respond(DISCOVERY, MockResponse::new(503).header("retry-after", "100"));
    wait_until("the time that the provider asks for", || pauses().contains("100000")).await;
    assert!(mounted.text_now().contains("the sign-in service is not available"));
    page.respond(DISCOVERY, MockResponse::new(404));
    mounted.shows(&format!("{ISSUER}{DISCOVERY}: the provider answered 404: check the issuer and its metadata")).await;
}
