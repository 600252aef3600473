//! Sign-in with an OpenID provider, whose endpoints are mocked: what is sent, and what is refused.

use crate::{
    fixture::{local_storage, random_name},
    page::{MockResponse, Page},
};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Function, Promise};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Client, TokenSet, Warning,
    oidc::{Config, Error, IdTokenError, Metadata, Oidc, ProviderError, SignInOptions},
};

const ISSUER: &str = "https://login.example.com";

const WRONG_ISSUER: &str = "https://evil.example";

/// A client at a provider, and its storage key.
struct Site {
    page: Page,
    oidc: Oidc,
    key: String,
}

impl Site {
    fn new(settings: impl FnOnce(Config) -> Config) -> Site {
        Site::with_dpop(settings, false)
    }

    fn with_dpop(settings: impl FnOnce(Config) -> Config, dpop: bool) -> Site {
        let at = |path: &str| format!("{ISSUER}{path}");
        let metadata = Metadata::new(ISSUER, at("/auth?tenant=7"), at("/token"), at("/keys")).userinfo_endpoint(at("/me"));
        let key = format!("test.{}", random_name());
        let client = Client::builder("").storage_key(&key).auto_refresh(false);
        #[cfg(feature = "dpop")]
        let client = client.dpop(dpop);
        let oidc = settings(Config::new(ISSUER, "app")).connect_with(metadata, client).unwrap();
        Site { page: Page::new(), oidc, key }
    }

    fn respond(&self, path: &str, status: u16, body: &Value) {
        let response = MockResponse::new(status).header("content-type", "application/json").chunk(body.to_string());
        self.page.respond(path, response);
    }

    /// Handles a response whose sign-in this tab has begun, as the page of the redirect URI does. `@` in the response stands for its state.
    async fn callback(&self, response: &str) -> Result<String, Error> {
        let state = random_name();
        let pending = json!({ "issuer": ISSUER, "verifier": "v", "nonce": "n", "return_to": "/notes", "begun": js_sys::Date::now() });
        let begin = Function::new_with_args(
            "state, pending, query",
            "sessionStorage[`wugan:oidc:state:${state}`] = pending; history.replaceState(null, '', query)",
        );
        let query = format!("?{}", response.replace('@', &state));
        let here = js_sys::eval("location.pathname + location.search").unwrap();
        begin.call3(&JsValue::NULL, &state.clone().into(), &pending.to_string().into(), &query.clone().into()).unwrap();
        let handled = self.oidc.callback().await;
        assert_eq!(js_sys::eval("location.pathname + location.search").unwrap(), "/callback", "the address is cleaned");
        let open = Function::new_with_args("query", "history.replaceState(null, '', query)");
        // Handled once.
        open.call1(&JsValue::NULL, &query.into()).unwrap();
        assert_eq!(self.oidc.callback().await, Err(Error::UnknownState));
        open.call1(&JsValue::NULL, &here).unwrap();
        handled
    }

    /// The token endpoint answers with an ID token of these claims, and the key endpoint with its key.
    async fn answer_with_id_token(&self, claims: &Value) -> Value {
        let Signed { token, keys } = sign(claims).await;
        let answer = json!({ "access_token": "made-up-access", "token_type": "bearer", "expires_in": 60, "id_token": token });
        self.respond("/token", 200, &answer);
        self.respond("/keys", 200, &keys);
        answer
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for key in [self.key.clone(), format!("{}.id_token", self.key)] {
            local_storage().remove_item(&key).unwrap();
        }
    }
}

#[derive(serde::Deserialize)]
struct Signed {
    token: String,
    keys: Value,
}

async fn sign(claims: &Value) -> Signed {
    let function = Function::new_with_args(
        "claims",
        "const encode = bytes => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''); \
         const text = value => encode(new TextEncoder().encode(value)); \
         const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }; \
         return (async () => { \
           const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']); \
           const signed = `${text(JSON.stringify({ alg: 'ES256', kid: '1' }))}.${text(claims)}`; \
           const signature = await crypto.subtle.sign(algorithm, privateKey, new TextEncoder().encode(signed)); \
           const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey); \
           const token = `${signed}.${encode(new Uint8Array(signature))}`; \
           return JSON.stringify({ token, keys: { keys: [{ kty, crv, x, y, kid: '1' }] } }); \
         })()",
    );
    let made = function.call1(&JsValue::NULL, &claims.to_string().into()).unwrap();
    let made = JsFuture::from(made.unchecked_into::<Promise>()).await.unwrap();
    serde_json::from_str(&made.as_string().unwrap()).unwrap()
}

fn claims() -> Value {
    let now = (js_sys::Date::now() / 1_000.0).floor();
    json!({ "iss": ISSUER, "aud": "app", "sub": "ada", "nonce": "n", "iat": now, "exp": now + 600.0 })
}

/// The form in the body of the first request to the token endpoint.
async fn form(page: &Page) -> BTreeMap<String, String> {
    let body = loop {
        match page.sent("/token").swap_remove(0).body {
            Some(body) => break body,
            None => TimeoutFuture::new(1).await,
        }
    };
    serde_json::from_value(pairs(std::str::from_utf8(&body).unwrap())).unwrap()
}

/// The pairs of a query as an object.
fn pairs(query: &str) -> Value {
    let read = Function::new_with_args("query", "return JSON.stringify(Object.fromEntries(new URLSearchParams(query)))");
    serde_json::from_str(&read.call1(&JsValue::NULL, &query.into()).unwrap().as_string().unwrap()).unwrap()
}

/// What `window.open` returns from now on: a window that keeps the address which it is sent to in `window.address`.
const FAKE_WINDOW: &str = "window.originalOpen ??= window.open; window.address = ''; window.fake = { closed: false, close() {}, \
    location: { set href(url) { window.address = url } } }; window.open = () => window.fake";

/// The address that a sign-in in a window goes to. The window is closed then.
async fn authorization_url(oidc: &Oidc, options: SignInOptions) -> Result<String, Error> {
    js_sys::eval(FAKE_WINDOW).unwrap();
    let signing_in = oidc.sign_in_with_popup(options);
    js_sys::eval("window.fake.closed = true").unwrap();
    let error = signing_in.await;
    js_sys::eval("window.open = window.originalOpen").unwrap();
    match error {
        Err(Error::PopupClosed) => Ok(js_sys::eval("window.address").unwrap().as_string().unwrap()),
        other => Err(other.unwrap_err()),
    }
}

#[wasm_bindgen_test]
async fn the_authorization_request_has_the_parameters_of_the_client_and_of_the_sign_in() {
    let with_api = |config: Config| config.resource("https://api.example.com").audience("api").scope("openid");
    let site = Site::with_dpop(|config| with_api(config).parameter("prompt", "consent").parameter("kc_idp_hint", "x y"), true);
    let options = SignInOptions::default().prompt("login").login_hint("ada").ui_locales("zh-CN en").max_age(60);
    let url = authorization_url(&site.oidc, options.parameter("acr_values", "2&3")).await.unwrap();
    let (endpoint, query) = url.split_once("/auth?").unwrap();
    assert_eq!(endpoint, ISSUER);
    let sent = pairs(query);
    let origin = js_sys::eval("location.origin").unwrap().as_string().unwrap();
    let redirect_uri = format!("{origin}/callback");
    let expected = [
        ("tenant", "7"),
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", &redirect_uri),
        ("scope", "openid"),
        ("code_challenge_method", "S256"),
        ("resource", "https://api.example.com"),
        ("audience", "api"),
        ("kc_idp_hint", "x y"),
        ("prompt", "login"),
        ("login_hint", "ada"),
        ("ui_locales", "zh-CN en"),
        ("max_age", "60"),
        ("acr_values", "2&3"),
    ];
    for (name, value) in expected {
        assert_eq!(sent[name], value, "{name}");
        assert_eq!(query.matches(&format!("{name}=")).count(), 1, "{name}: no parameter twice");
    }
    let random = ["state", "nonce", "code_challenge", "dpop_jkt"].map(|name| sent[name].as_str().unwrap_or_default().len());
    assert_eq!(random, [44, 43, 43, 43], "the state of a sign-in in a window has a mark");
    assert_eq!(sent.as_object().unwrap().len(), expected.len() + random.len());
}

#[wasm_bindgen_test]
async fn what_cannot_be_sent_is_refused() {
    let refused = async |options: SignInOptions, settings: fn(Config) -> Config| {
        let error = authorization_url(&Site::new(settings).oidc, options).await.unwrap_err();
        assert!(matches!(error, Error::InvalidRequest(_)), "{error}");
    };
    for name in ["redirect_uri", "state", "nonce", "scope", "response_mode", "request", "code_challenge_method", "dpop_jkt", "max_age"] {
        refused(SignInOptions::default().parameter(name, "x"), |config| config).await;
    }
    refused(SignInOptions::default(), |config| config.parameter("client_id", "other")).await;
    for address in ["https://evil.example", "//evil.example", "notes"] {
        refused(SignInOptions::default().return_to(address), |config| config).await;
    }
    js_sys::eval("window.originalOpen ??= window.open; window.open = () => null").unwrap();
    let blocked = Site::new(|config| config).oidc.sign_in_with_popup(SignInOptions::default()).await;
    js_sys::eval("window.open = window.originalOpen").unwrap();
    assert_eq!(blocked, Err(Error::PopupBlocked));
}

#[wasm_bindgen_test]
async fn the_code_and_the_refresh_token_are_exchanged_for_the_configured_api() {
    let site = Site::new(|config| config.resource("https://api.example.com").audience("api"));
    let mut answer = site.answer_with_id_token(&claims()).await;
    assert_eq!(site.callback(&format!("code=c&state=@&iss={ISSUER}")).await.as_deref(), Ok("/notes"));
    assert_eq!(site.oidc.client().session().info().user.unwrap().id, "ada");
    assert_eq!(site.oidc.claims().unwrap().text("sub").as_deref(), Some("ada"));
    assert_eq!(site.oidc.client().session().info().warnings, [Warning::NoRefreshToken]);
    let sent = form(&site.page).await;
    let names: Vec<&str> = sent.keys().map(String::as_str).collect();
    assert_eq!(names, ["audience", "client_id", "code", "code_verifier", "grant_type", "redirect_uri", "resource"]);
    let is_api =
        |sent: &BTreeMap<String, String>| (sent["resource"].as_str(), sent["audience"].as_str()) == ("https://api.example.com", "api");
    assert!(is_api(&sent) && sent["code"] == "c" && sent["code_verifier"] == "v" && sent["grant_type"] == "authorization_code");
    assert_eq!(site.page.sent("/keys")[0].cache, "no-cache", "a changed key is known");
    // With a refresh token.
    answer["refresh_token"] = "made-up-refresh".into();
    let site = Site::new(|config| config.resource("https://api.example.com").audience("api"));
    site.respond("/token", 200, &answer);
    site.oidc.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(60.0));
    assert_eq!(site.oidc.client().session().info().warnings, []);
    site.oidc.client().session().refresh().await.unwrap();
    let sent = form(&site.page).await;
    assert!(is_api(&sent) && sent["grant_type"] == "refresh_token" && sent["refresh_token"] == "made-up-refresh");
}

#[wasm_bindgen_test]
async fn a_wrong_response_starts_no_session() {
    let site = Site::new(|config| config);
    site.answer_with_id_token(&claims()).await;
    let wrong = |received: &str| Error::WrongIssuer { expected: ISSUER.into(), received: Some(received.into()) };
    assert_eq!(site.callback(&format!("code=c&state=@&iss={WRONG_ISSUER}")).await, Err(wrong(WRONG_ISSUER)));
    assert_eq!(site.callback(&format!("error=access_denied&state=@&iss={WRONG_ISSUER}")).await, Err(wrong(WRONG_ISSUER)));
    let of_provider = |code: ProviderError| Err(Error::Provider { code, description: None });
    assert_eq!(site.callback("error=login_required&state=@").await, of_provider(ProviderError::LoginRequired));
    assert_eq!(site.page.sent("/token").len(), 0, "no code is sent");
    // (claim, its value, error)
    let table = [
        ("nonce", json!("other"), IdTokenError::Nonce),
        ("iss", json!(WRONG_ISSUER), IdTokenError::Issuer),
        ("aud", json!(["app", "other"]), IdTokenError::AuthorizedParty),
        ("exp", json!(1), IdTokenError::Expired),
    ];
    for (name, value, error) in table {
        let mut claims = claims();
        claims[name] = value;
        site.answer_with_id_token(&claims).await;
        assert_eq!(site.callback("code=c&state=@").await, Err(Error::IdToken(error)));
    }
    let answer = site.answer_with_id_token(&claims()).await;
    let other = sign(&claims()).await;
    site.respond("/keys", 200, &other.keys);
    assert_eq!(site.callback("code=c&state=@").await, Err(Error::IdToken(IdTokenError::Signature)));
    site.respond("/keys", 200, &json!({ "keys": [] }));
    assert_eq!(site.callback("code=c&state=@").await, Err(Error::IdToken(IdTokenError::UnknownKey)));
    for (status, name, value) in [(200, "token_type", json!("DPoP")), (200, "token_type", Value::Null), (200, "access_token", Value::Null)]
    {
        let mut answer = answer.clone();
        answer[name] = value;
        site.respond("/token", status, &answer);
        assert!(matches!(site.callback("code=c&state=@").await, Err(Error::TokenResponse(_))));
    }
    site.respond("/token", 400, &json!({ "error": "invalid_grant" }));
    assert_eq!(site.callback("code=c&state=@").await, of_provider(ProviderError::InvalidGrant));
    for status in [429, 500, 503] {
        site.respond("/token", status, &json!({}));
        assert!(matches!(site.callback("code=c&state=@").await, Err(Error::Unavailable(_))), "{status}");
    }
    assert_eq!(local_storage().get_item(&site.key).unwrap(), None);
}

#[wasm_bindgen_test]
async fn a_page_without_web_crypto_is_told_what_to_change() {
    let site = Site::new(|config| config);
    js_sys::eval("Object.defineProperty(crypto, 'subtle', { value: undefined, configurable: true })").unwrap();
    let error = site.oidc.sign_in(SignInOptions::default()).await;
    js_sys::eval("delete crypto.subtle").unwrap();
    assert_eq!(error, Err(Error::NoWebCrypto));
    assert!(Error::NoWebCrypto.to_string().contains("https"));
}

#[cfg(feature = "dpop")]
#[wasm_bindgen_test]
async fn a_sign_in_does_not_wait_for_ever_for_a_key_store_that_does_not_answer() {
    let site = Site::with_dpop(|config| config, true);
    js_sys::eval("window.originalDatabase ??= IDBFactory.prototype.open; IDBFactory.prototype.open = () => ({})").unwrap();
    let url = authorization_url(&site.oidc, SignInOptions::default()).await;
    js_sys::eval("IDBFactory.prototype.open = window.originalDatabase").unwrap();
    assert_eq!(url, Err(Error::Unavailable(wugan::Error::Timeout)));
}

#[wasm_bindgen_test]
async fn user_information_of_another_user_is_refused() {
    let site = Site::new(|config| config);
    site.oidc.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(60.0));
    let record: Value = serde_json::from_str(&local_storage().get_item(&site.key).unwrap().unwrap()).unwrap();
    // The claims are {"sub":"ada"}.
    let stored = json!({ "session": record["session"], "id_token": "e30.eyJzdWIiOiJhZGEifQ.c2ln" }).to_string();
    local_storage().set_item(&format!("{}.id_token", site.key), &stored).unwrap();
    let answer = |sub: &str| site.respond("/me", 200, &json!({ "sub": sub, "email": "a@example.com" }));
    answer("ada");
    assert_eq!(site.oidc.user_info().await.unwrap().text("email").as_deref(), Some("a@example.com"));
    answer("bob");
    assert_eq!(site.oidc.user_info().await.err(), Some(Error::OtherUser));
    // Without an ID token, and with an access token that names no user, the subject cannot be compared (OpenID Connect Core §5.3.2).
    local_storage().remove_item(&format!("{}.id_token", site.key)).unwrap();
    answer("ada");
    assert_eq!(site.oidc.user_info().await.err(), Some(Error::OtherUser));
}

/// The endpoint for user information refuses a token for an API (OpenID Connect Core §5.3.3), and so it would its successor.
#[wasm_bindgen_test]
async fn user_information_is_not_asked_twice_with_a_token_for_an_api() {
    let site = Site::new(|config| config.resource("https://api.example.com"));
    site.oidc.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(60.0));
    site.respond("/me", 401, &json!({ "error": "invalid_token" }));
    assert!(matches!(site.oidc.user_info().await, Err(Error::NotOffered(_))));
    assert_eq!((site.page.sent("/me").len(), site.page.sent("/token").len()), (1, 0));
}
