//! Sign-in with an OpenID provider, whose endpoints are mocked: what is sent, and what is refused.

use crate::{
    fixture::{local_storage, random_name, wait_until},
    page::{MockResponse, Page},
    undo::replace,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Function, Promise};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Client, ClientBuilder, RequestCredentials, SignOutReason, TokenSet, Warning,
    grant::OAuth2,
    oidc::{Config, Error, IdTokenError, Metadata, Oidc, ProviderError, SignInOptions},
};

pub(crate) const ISSUER: &str = "https://login.example.com";

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
        Site::at(Site::metadata(), settings, dpop)
    }

    /// The provider has a page for the sign-out.
    fn with_sign_out(settings: impl FnOnce(Config) -> Config) -> Site {
        Site::at(Site::metadata().end_session_endpoint(format!("{ISSUER}/end")), settings, false)
    }

    fn metadata() -> Metadata {
        let at = |path: &str| format!("{ISSUER}{path}");
        let metadata = Metadata::new(ISSUER, at("/auth?tenant=7"), at("/token"), at("/keys")).userinfo_endpoint(at("/me"));
        metadata.revocation_endpoint(at("/revoke"))
    }

    fn at(metadata: Metadata, settings: impl FnOnce(Config) -> Config, dpop: bool) -> Site {
        #[cfg(feature = "dpop")]
        return Site::of(metadata, settings, |client| client.dpop(dpop));
        #[cfg(not(feature = "dpop"))]
        Site::of(metadata, settings, |client| client)
    }

    fn of(metadata: Metadata, settings: impl FnOnce(Config) -> Config, build: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Site {
        let (client, key) = client();
        let client = build(client);
        let oidc = settings(Config::new(ISSUER, "app")).connect_with(metadata, client).unwrap();
        Site { page: Page::new(), oidc, key }
    }

    /// The same app in another tab, or after a reload.
    fn open_tab(&self, build: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Oidc {
        let client = build(Client::builder("").storage_key(&self.key).auto_refresh(false));
        Config::new(ISSUER, "app").connect_with(Site::metadata(), client).unwrap()
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

/// A client with a storage key of its own.
fn client() -> (ClientBuilder, String) {
    let key = format!("test.{}", random_name());
    (Client::builder("").storage_key(&key).auto_refresh(false), key)
}

impl Drop for Site {
    fn drop(&mut self) {
        for key in [self.key.clone(), format!("{}.id_token", self.key)] {
            local_storage().remove_item(&key).unwrap();
        }
    }
}

#[derive(serde::Deserialize)]
pub(crate) struct Signed {
    pub(crate) token: String,
    pub(crate) keys: Value,
}

pub(crate) async fn sign(claims: &Value) -> Signed {
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

pub(crate) fn claims() -> Value {
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

/// A window that keeps the address which it is sent to, once that page cannot get hold of this one.
const FAKE_WINDOW: &str = "window.fake = { closed: false, close() {}, address: '', opener: window, \
    location: { set href(url) { if (fake.opener === null) fake.address = url } } }";

/// The address that a sign-in in a window goes to. The window is closed then.
async fn authorization_url(oidc: &Oidc, options: SignInOptions) -> Result<String, Error> {
    js_sys::eval(FAKE_WINDOW).unwrap();
    let _open = replace("window", "open", "() => fake");
    let signing_in = oidc.sign_in_with_popup(options);
    js_sys::eval("fake.closed = true").unwrap();
    match signing_in.await {
        Err(Error::PopupClosed) => Ok(js_sys::eval("fake.address").unwrap().as_string().unwrap()),
        other => Err(other.unwrap_err()),
    }
}

#[wasm_bindgen_test]
async fn the_authorization_request_has_the_parameters_of_the_client_and_of_the_sign_in() {
    let with_api = |config: Config| config.resource("https://api.example.com").audience("api").scope("openid");
    let with_hint = |config: Config| config.parameter("kc_idp_hint", "x").parameter("kc_idp_hint", "x y");
    let site = Site::with_dpop(|config| with_hint(with_api(config)).parameter("prompt", "consent"), true);
    let options = SignInOptions::default().prompt("none").prompt("login").login_hint("ada").ui_locales("zh-CN en").max_age(60);
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

/// A page that another one sent to the provider repeats the request if it fails there.
#[wasm_bindgen_test]
async fn what_a_sign_in_asked_for_is_kept_for_the_next_try() {
    let site = Site::new(|config| config.parameter("prompt", "consent"));
    let options = SignInOptions::default().return_to("/notes?q=1").max_age(0).login_hint("ada & co").parameter("acr_values", "2");
    js_sys::eval("window.writes = []").unwrap();
    let record = "function (...pair) { writes.push(pair); return original.apply(this, pair) }";
    let _set = replace("Storage.prototype", "setItem", record);
    authorization_url(&site.oidc, options).await.unwrap();
    let kept = |name: &str| js_sys::eval(&format!("sessionStorage['wugan:oidc:{name}']")).unwrap().as_string().unwrap();
    assert_eq!(kept("return_to"), "/notes?q=1");
    assert_eq!(kept("parameters"), "prompt=consent&max_age=0&login_hint=ada+%26+co&acr_values=2");
    let written = String::from(js_sys::eval("writes.join()").unwrap().unchecked_into::<js_sys::JsString>());
    assert!(written.contains("\"max_age\":0"), "the ID token is checked for it: {written}");
}

/// Posts a response of the provider, as its page in the window does.
fn post_response(query: &str) {
    let post = Function::new_with_args(
        "query",
        "const state = new URL(fake.address).searchParams.get('state'); \
         const channel = new BroadcastChannel(`wugan:oidc:${state}`); \
         channel.postMessage(query.replaceAll('@', state)); \
         channel.close()",
    );
    post.call1(&JsValue::NULL, &query.into()).unwrap();
}

#[wasm_bindgen_test]
async fn a_malformed_response_in_a_window_is_reported_by_the_page_that_opened_it() {
    js_sys::eval(FAKE_WINDOW).unwrap();
    let _open = replace("window", "open", "() => fake");
    let site = Site::new(|config| config);
    let address = || js_sys::eval("fake.address").unwrap().as_string().unwrap();
    let respond = async {
        wait_until("the provider's page", || !address().is_empty()).await;
        post_response("?code=c&code=d&state=@");
    };
    let (signed_in, ()) = futures::join!(site.oidc.sign_in_with_popup(SignInOptions::default()), respond);
    assert_eq!(signed_in, Err(Error::MalformedResponse));
    // In the window.
    let listen = "window.handedOver = ''; window.listening = new BroadcastChannel('wugan:oidc:.s'); \
        listening.onmessage = event => handedOver = event.data";
    js_sys::eval(listen).unwrap();
    let _close = replace("window", "close", "() => {}");
    js_sys::eval("history.replaceState(null, '', '/?code=c&code=d&state=.s')").unwrap();
    assert_eq!(site.oidc.callback().await, Err(Error::UnknownState));
    assert_eq!(js_sys::eval("listening.close(); handedOver").unwrap(), "?code=c&code=d&state=.s");
    js_sys::eval("history.replaceState(null, '', '/')").unwrap();
}

#[wasm_bindgen_test]
async fn reserved_parameters_foreign_return_addresses_and_blocked_windows_are_refused() {
    let refused = async |options: SignInOptions, settings: fn(Config) -> Config| {
        let error = authorization_url(&Site::new(settings).oidc, options).await.unwrap_err();
        assert!(matches!(error, Error::InvalidRequest(_)), "{error}");
    };
    let names = ["redirect_uri", "state", "nonce", "scope", "response_mode", "request", "code_challenge_method", "dpop_jkt"];
    for name in names.into_iter().chain(["resource", "audience"]) {
        refused(SignInOptions::default().parameter(name, "x"), |config| config).await;
    }
    for address in ["https://evil.example", "//evil.example", "notes"] {
        refused(SignInOptions::default().return_to(address), |config| config).await;
    }
    let _open = replace("window", "open", "() => null");
    let blocked = Site::new(|config| config).oidc.sign_in_with_popup(SignInOptions::default()).await;
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
    site.respond("/token", 200, &answer);
    assert_eq!(site.callback("code=c&state=@").await.as_deref(), Ok("/notes"));
    assert_eq!(site.oidc.client().session().info().warnings, []);
    let site = Site::new(|config| config.resource("https://api.example.com").audience("api"));
    site.respond("/token", 200, &answer);
    site.oidc.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(60.0));
    assert_eq!(site.oidc.client().session().info().warnings, []);
    site.oidc.client().session().refresh().await.unwrap();
    let sent = form(&site.page).await;
    assert!(is_api(&sent) && sent["grant_type"] == "refresh_token" && sent["refresh_token"] == "made-up-refresh");
    assert!(!sent.contains_key("scope"), "the granted scope is kept (RFC 6749 §6)");
}

#[wasm_bindgen_test]
async fn a_refresh_sends_the_scope_that_is_set_for_it() {
    let site = Site::new(|config| config.scope("openid api://notes/read").refresh_scope("api://notes/read"));
    site.respond("/token", 200, &json!({ "access_token": "made-up-access-2", "token_type": "Bearer", "expires_in": 60 }));
    site.oidc.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(60.0));
    site.oidc.client().session().refresh().await.unwrap();
    assert_eq!(form(&site.page).await["scope"], "api://notes/read");
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
    let mut answer = site.answer_with_id_token(&claims()).await;
    let signed = answer["id_token"].take();
    for algorithm in ["none", "HS256"] {
        let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
        answer["id_token"] = format!("{}.{}.", encode(json!({ "alg": algorithm })), encode(claims())).into();
        site.respond("/token", 200, &answer);
        assert_eq!(site.callback("code=c&state=@").await, Err(Error::IdToken(IdTokenError::Algorithm(algorithm.into()))));
    }
    answer["id_token"] = signed;
    site.respond("/token", 200, &answer);
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
    for (status, body) in [(429, json!({})), (500, json!({})), (503, json!({ "error": "temporarily_unavailable" }))] {
        site.respond("/token", status, &body);
        assert!(matches!(site.callback("code=c&state=@").await, Err(Error::Unavailable(_))), "{status}");
    }
    // As Auth0 answers when one of its actions denies the access.
    site.respond("/token", 500, &json!({ "error": "access_denied" }));
    assert_eq!(site.callback("code=c&state=@").await, of_provider(ProviderError::AccessDenied));
    assert_eq!(local_storage().get_item(&site.key).unwrap(), None);
}

#[wasm_bindgen_test]
async fn a_page_without_web_crypto_is_told_what_to_change() {
    let site = Site::new(|config| config);
    let _subtle = replace("crypto", "subtle", "undefined");
    let error = site.oidc.sign_in(SignInOptions::default()).await;
    assert_eq!(error, Err(Error::NoWebCrypto));
    assert!(Error::NoWebCrypto.to_string().contains("https"));
}

#[cfg(feature = "dpop")]
#[wasm_bindgen_test]
async fn a_sign_in_does_not_wait_for_ever_for_a_key_store_that_does_not_answer() {
    let site = Site::with_dpop(|config| config, true);
    let _open = replace("IDBFactory.prototype", "open", "() => ({})");
    let url = authorization_url(&site.oidc, SignInOptions::default()).await;
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

/// A code is used once (RFC 6749 §4.1.2): again only while the token endpoint has not answered.
#[wasm_bindgen_test]
async fn a_code_is_exchanged_again_until_the_token_endpoint_has_answered() {
    let site = Site::new(|config| config);
    let answer = site.answer_with_id_token(&claims()).await;
    let keys = sign(&claims()).await.keys;
    let is_unavailable = |handled: Result<String, Error>| matches!(handled, Err(Error::Unavailable(_)));
    let codes = || site.page.sent("/token").len();
    for status in [0, 429, 503] {
        site.respond("/keys", status, &json!({}));
        assert!(is_unavailable(site.callback("code=c&state=@").await), "{status}");
        assert!(is_unavailable(site.oidc.callback().await), "{status}");
    }
    assert_eq!(codes(), 0, "without keys, the code is not used");
    site.respond("/keys", 200, &keys);
    // The browser gives no response.
    site.respond("/token", 0, &answer);
    for sent in 1..=2 {
        assert!(is_unavailable(site.oidc.callback().await));
        assert_eq!(codes(), sent);
    }
    assert_eq!(form(&site.page).await["code"], "c");
    for status in [429, 500, 503] {
        site.respond("/token", status, &json!({}));
        assert!(is_unavailable(site.oidc.callback().await), "{status}");
        assert_eq!(site.oidc.callback().await, Err(Error::NoResponse), "{status}: the endpoint has answered");
        site.respond("/token", 0, &answer);
        assert!(is_unavailable(site.callback("code=c&state=@").await));
    }
    site.answer_with_id_token(&claims()).await;
    assert_eq!(site.oidc.callback().await.as_deref(), Ok("/notes"));
    assert_eq!(site.oidc.client().session().info().user.unwrap().id, "ada");
    assert_eq!(site.oidc.callback().await, Err(Error::NoResponse));
    // Another sign-in takes its place.
    site.respond("/token", 0, &answer);
    assert!(is_unavailable(site.callback("code=c&state=@").await));
    assert!(authorization_url(&site.oidc, SignInOptions::default()).await.is_ok());
    assert_eq!(site.oidc.callback().await, Err(Error::NoResponse));
}

#[wasm_bindgen_test]
async fn a_mistake_in_the_configuration_is_no_outage_and_the_code_is_dropped() {
    for dpop in [false, cfg!(feature = "dpop")] {
        let site = Site::with_dpop(|config| config, dpop);
        site.answer_with_id_token(&claims()).await;
        if dpop {
            assert!(authorization_url(&site.oidc, SignInOptions::default()).await.is_ok(), "the key is made");
            // The header with the nonce is not exposed to the page.
            site.respond("/token", 400, &json!({ "error": "use_dpop_nonce" }));
            let handled = site.callback("code=c&state=@").await;
            assert!(matches!(&handled, Err(Error::InvalidRequest(reason)) if reason.contains("DPoP-Nonce")), "{handled:?}");
        } else {
            site.respond("/keys", 404, &json!({}));
            let handled = site.callback("code=c&state=@").await;
            assert!(matches!(&handled, Err(Error::Discovery { url, .. }) if *url == format!("{ISSUER}/keys")), "{handled:?}");
        }
        assert_eq!(site.oidc.callback().await, Err(Error::NoResponse));
    }
}

/// The provider's clock is an hour fast, and its `Date` is exposed to the page.
#[wasm_bindgen_test]
async fn the_times_of_an_id_token_are_compared_with_the_clock_that_the_provider_shows() {
    let site = Site::new(|config| config);
    let token = async |issued_before: f64, expires_in: f64, shows_date: bool| {
        let mut claims = claims();
        let now = claims["iat"].as_f64().unwrap() + 3_600.0;
        (claims["iat"], claims["exp"]) = (json!(now - issued_before), json!(now + expires_in));
        let answer = site.answer_with_id_token(&claims).await;
        let date = js_sys::Date::new(&(now * 1_000.0).into()).to_utc_string();
        let response = MockResponse::new(200).header("content-type", "application/json").chunk(answer.to_string());
        site.page.respond("/token", if shows_date { response.header("date", &String::from(date)) } else { response });
        site.callback("code=c&state=@").await
    };
    let expired = Err(Error::IdToken(IdTokenError::Expired));
    // Without its clock, the time of issue counts, or the device's clock if it is near to that.
    assert_eq!(token(1_200.0, -600.0, false).await.as_deref(), Ok("/notes"));
    assert_eq!(token(1_200.0, -600.0, true).await, expired);
    // A response without the header does not make the page forget what an earlier one has shown.
    assert_eq!(token(1_200.0, -600.0, false).await, expired);
    for shows_date in [true, false] {
        assert_eq!(token(0.0, 600.0, shows_date).await.as_deref(), Ok("/notes"));
    }
}

/// Another tab signs in before the key endpoint answers.
#[wasm_bindgen_test]
async fn a_code_is_not_exchanged_again_beside_a_session_that_began_meanwhile() {
    let site = Site::new(|config| config);
    site.answer_with_id_token(&claims()).await;
    site.respond("/keys", 503, &json!({}));
    site.page.hold("/keys");
    let other_tab = site.open_tab(|client| client);
    let signing_in = async {
        wait_until("the request for the keys", || site.page.held("/keys") > 0).await;
        other_tab.client().session().sign_in(TokenSet::new("made-up-access-2", "made-up-refresh-2"));
        site.page.release("/keys");
    };
    let (handled, ()) = futures::join!(site.callback("code=c&state=@"), signing_in);
    assert!(matches!(handled, Err(Error::Unavailable(_))), "{handled:?}");
    site.answer_with_id_token(&claims()).await;
    assert_eq!(site.oidc.callback().await, Err(Error::NoResponse));
    assert!(site.page.sent("/token").is_empty(), "the session of the other tab stays");
    other_tab.client().session().sign_out();
    assert_eq!(site.oidc.callback().await, Err(Error::NoResponse), "the code is dropped");
}

/// The ID token is not accepted: each new try would leave another grant.
#[wasm_bindgen_test]
async fn tokens_that_start_no_session_are_revoked() {
    let site = Site::new(|config| config);
    let mut answer = site.answer_with_id_token(&claims()).await;
    answer["refresh_token"] = "made-up-refresh".into();
    site.respond("/token", 200, &answer);
    site.respond("/keys", 200, &json!({ "keys": [] }));
    site.respond("/revoke", 200, &json!({}));
    assert_eq!(site.callback("code=c&state=@").await, Err(Error::IdToken(IdTokenError::UnknownKey)));
    wait_until("the revocation", || site.page.sent("/revoke").iter().any(|sent| sent.body.is_some())).await;
    let body = site.page.sent("/revoke")[0].body.clone().unwrap();
    assert_eq!(pairs(std::str::from_utf8(&body).unwrap())["token"], "made-up-refresh");
}

/// A provider may end its grant with the token, and the session's tokens belong to that grant, too.
#[wasm_bindgen_test]
async fn a_failed_sign_in_beside_a_session_revokes_nothing() {
    let site = Site::new(|config| config);
    let session = site.oidc.client().session();
    session.sign_in(TokenSet::new("made-up-access", "made-up-refresh"));
    let mut answer = site.answer_with_id_token(&claims()).await;
    answer["refresh_token"] = "made-up-refresh-2".into();
    site.respond("/token", 200, &answer);
    site.respond("/keys", 200, &json!({ "keys": [] }));
    site.respond("/revoke", 200, &json!({}));
    assert_eq!(site.callback("code=c&state=@").await, Err(Error::IdToken(IdTokenError::UnknownKey)));
    TimeoutFuture::new(100).await;
    assert!(site.page.sent("/revoke").is_empty());
    assert_eq!(session.info().state, wugan::AuthState::SignedIn);
}

#[wasm_bindgen_test]
async fn no_id_token_is_left_after_the_session() {
    let site = Site::new(|config| config);
    site.answer_with_id_token(&claims()).await;
    assert_eq!(site.callback("code=c&state=@").await.as_deref(), Ok("/notes"));
    let left = || local_storage().get_item(&format!("{}.id_token", site.key)).unwrap().unwrap_or_default();
    assert!(left().contains("eyJ"));
    site.oidc.client().session().sign_out();
    assert_eq!(left(), "");
}

/// A tab that was suspended reads the end of a session when another tab, which has removed the ID token, may have begun the next one.
#[wasm_bindgen_test]
async fn a_sign_out_in_another_tab_removes_no_id_token_here() {
    let site = Site::new(|config| config);
    site.answer_with_id_token(&claims()).await;
    assert_eq!(site.callback("code=c&state=@").await.as_deref(), Ok("/notes"));
    let key = format!("{}.id_token", site.key);
    let stored = || local_storage().get_item(&key).unwrap().unwrap_or_default();
    let before = stored();
    // It leaves the ID token, as if that were the next session's already.
    let other_tab = Client::builder("").storage_key(&site.key).auto_refresh(false);
    let other_tab = other_tab.grant(OAuth2::new(format!("{ISSUER}/token"), "app")).build().unwrap();
    other_tab.session().sign_out();
    let ended = wugan::AuthState::SignedOut { reason: Some(SignOutReason::OtherTab) };
    assert_eq!(site.oidc.client().session().info().state, ended);
    assert!(before.contains("eyJ") && stored() == before);
    assert!(site.oidc.claims().is_none(), "it belongs to no session");
}

#[wasm_bindgen_test]
async fn a_configured_code_of_the_provider_ends_the_session() {
    let site = Site::new(|config| config.rejection_codes(["access_denied"]));
    let session = site.oidc.client().session();
    session.sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(0.001));
    site.respond("/token", 403, &json!({ "error": "access_denied" }));
    TimeoutFuture::new(10).await;
    assert_eq!(session.refresh().await, Err(wugan::Error::SignedOut(SignOutReason::Rejected)));
}

/// The user has signed out and presses "Sign in".
#[wasm_bindgen_test]
async fn a_provider_that_may_still_know_the_user_is_to_ask_for_the_password_after_a_sign_out() {
    let prompt = async |oidc: &Oidc, options| {
        let url = authorization_url(oidc, options).await.unwrap();
        pairs(url.split_once('?').unwrap().1)["prompt"].as_str().map(str::to_owned)
    };
    let without_sign_out = Site::new(|config| config.signed_out_path("/elsewhere"));
    // The page of these tests is "/".
    let on_signed_out_page = Site::with_sign_out(|config| config);
    for site in [without_sign_out, on_signed_out_page] {
        assert_eq!(prompt(&site.oidc, SignInOptions::default()).await, None);
        let session = site.oidc.client().session();
        session.sign_in(TokenSet::new("made-up-access", "made-up-refresh"));
        session.sign_out();
        assert_eq!(prompt(&site.oidc, SignInOptions::default()).await.as_deref(), Some("login"));
        assert_eq!(prompt(&site.oidc, SignInOptions::default().prompt("none")).await.as_deref(), Some("none"));
    }
    let elsewhere = Site::with_sign_out(|config| config.signed_out_path("/elsewhere"));
    elsewhere.oidc.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh"));
    elsewhere.oidc.client().session().sign_out();
    assert_eq!(prompt(&elsewhere.oidc, SignInOptions::default()).await, None, "the provider's page has ended its session");
}

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The metadata of a provider, in localStorage.
pub(crate) struct Stored {
    key: String,
}

impl Stored {
    /// A document that was fetched long ago.
    pub(crate) fn old(document: &Value) -> Stored {
        let stored = Stored { key: format!("wugan:oidc:metadata:{ISSUER}") };
        let text = json!({ "fetched_at": 1_000, "document": document.to_string() }).to_string();
        local_storage().set_item(&stored.key, &text).unwrap();
        stored
    }

    fn text(&self) -> String {
        local_storage().get_item(&self.key).unwrap().unwrap_or_default()
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        local_storage().remove_item(&self.key).unwrap();
    }
}

pub(crate) fn document(token_endpoint: &str) -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/auth"),
        "token_endpoint": format!("{ISSUER}{token_endpoint}"),
        "jwks_uri": format!("{ISSUER}/keys"),
        "code_challenge_methods_supported": ["S256"],
    })
}

pub(crate) fn respond_with(page: &Page, status: u16, body: &str) {
    page.respond(DISCOVERY, MockResponse::new(status).header("content-type", "application/json").chunk(body));
}

async fn connect() -> Result<Oidc, Error> {
    Config::new(ISSUER, "app").connect(client().0).await
}

#[wasm_bindgen_test]
async fn an_old_document_is_used_and_fetched_again_and_only_another_document_replaces_it() {
    let page = Page::new();
    let stored = Stored::old(&document("/token"));
    let before = stored.text();
    for (fetched, (status, body)) in [(429, "{}"), (403, ""), (500, ""), (200, "<html>"), (404, "{}")].into_iter().enumerate() {
        respond_with(&page, status, body);
        assert!(connect().await.is_ok(), "{status}");
        wait_until("the answer", || page.answered(DISCOVERY, status) > 0 && page.sent(DISCOVERY).len() > fetched).await;
        TimeoutFuture::new(50).await;
        assert_eq!(stored.text(), before, "{status}");
    }
    let mut other = document("/token");
    other["issuer"] = WRONG_ISSUER.into();
    respond_with(&page, 200, &other.to_string());
    assert!(connect().await.is_ok(), "a page is shown with what is stored");
    wait_until("the document", || stored.text() != before).await;
    let refused = connect().await.err();
    assert!(matches!(&refused, Some(Error::Discovery { reason, .. }) if reason.contains("they must be equal")), "{refused:?}");
    respond_with(&page, 200, &document("/token").to_string());
    assert!(connect().await.is_ok());
    let sent = page.sent(DISCOVERY).len();
    assert!(connect().await.is_ok());
    assert_eq!(page.sent(DISCOVERY).len(), sent, "it is not fetched again within the hour");
}

/// The user returns after months; or a script that is gone has written the stored document.
#[wasm_bindgen_test]
async fn no_sign_in_goes_to_the_endpoints_of_an_old_document() {
    let page = Page::new();
    let _stored = Stored::old(&document("/former"));
    respond_with(&page, 503, "");
    let oidc = connect().await.unwrap();
    let refused = authorization_url(&oidc, SignInOptions::default()).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    respond_with(&page, 200, &document("/token").to_string());
    let refused = authorization_url(&oidc, SignInOptions::default()).await;
    assert!(matches!(&refused, Err(Error::Discovery { reason, .. }) if reason.contains("load this page again")), "{refused:?}");
    let oidc = connect().await.unwrap();
    assert_eq!(oidc.metadata().token_endpoint, format!("{ISSUER}/token"));
    assert!(authorization_url(&oidc, SignInOptions::default()).await.is_ok());
}

/// The second address of the same host cannot be read by a page.
#[wasm_bindgen_test]
async fn an_issuer_without_a_document_is_a_mistake_and_no_outage() {
    for status in [400, 403, 404] {
        let page = Page::new();
        respond_with(&page, status, "{}");
        let refused = connect().await.err();
        assert!(matches!(&refused, Some(Error::Discovery { url, .. }) if url.ends_with(DISCOVERY)), "{refused:?}");
    }
}

/// The page that the provider sends the browser back to would not have the key.
#[cfg(feature = "dpop")]
#[wasm_bindgen_test]
async fn a_key_that_is_not_stored_cannot_be_used_for_a_redirect() {
    let site = Site::with_dpop(|config| config, true);
    let _database = replace("window", "indexedDB", "undefined");
    let refused = site.oidc.sign_in(SignInOptions::default()).await;
    let in_window = authorization_url(&site.oidc, SignInOptions::default()).await;
    assert_eq!(refused, Err(Error::NoStorage));
    assert!(in_window.is_ok(), "this page completes the sign-in: {in_window:?}");
}

/// A page that was just loaded reads the key from IndexedDB.
#[cfg(feature = "dpop")]
#[wasm_bindgen_test]
async fn a_code_is_exchanged_again_after_the_key_could_not_be_read_and_not_when_it_is_lost() {
    for is_lost in [false, true] {
        let mut site = Site::with_dpop(|config| config, true);
        assert!(authorization_url(&site.oidc, SignInOptions::default()).await.is_ok(), "the key is stored");
        site.oidc = site.open_tab(|client| client.dpop(true));
        let mut answer = site.answer_with_id_token(&claims()).await;
        answer["token_type"] = "DPoP".into();
        site.respond("/token", 200, &answer);
        let result = if is_lost { "function () { return original.call(this, 'none') }" } else { "() => { throw new Error() }" };
        let get = replace("IDBObjectStore.prototype", "get", result);
        let handled = site.callback("code=c&state=@").await;
        drop(get);
        assert!(site.page.sent("/token").is_empty());
        if is_lost {
            assert_eq!((handled, site.oidc.callback().await), (Err(Error::NoStorage), Err(Error::NoResponse)));
        } else {
            assert_eq!(handled, Err(Error::Unavailable(wugan::Error::Network("IndexedDB failed".into()))));
            assert_eq!(site.oidc.callback().await.as_deref(), Ok("/notes"));
        }
    }
}

/// The API has a header of its own and wants cookies.
#[wasm_bindgen_test]
async fn case_65_the_settings_for_the_api_do_not_hold_for_the_provider() {
    let with_api_settings = |client: ClientBuilder| client.auth_header("X-Api-Token").credentials(RequestCredentials::Include);
    let site = Site::of(Site::metadata(), |config| config, with_api_settings);
    site.answer_with_id_token(&claims()).await;
    site.respond("/me", 200, &json!({ "sub": "ada" }));
    site.respond("/notes", 200, &json!({}));
    site.callback("code=c&state=@").await.unwrap();
    site.oidc.user_info().await.unwrap();
    assert_eq!(site.oidc.client().get("/notes").send().await.unwrap().status(), 200);
    let sent = |path: &str| site.page.sent(path).pop().unwrap();
    assert_eq!((sent("/me").authorization(), sent("/me").header("x-api-token")), (Some("Bearer made-up-access"), None));
    assert_eq!((sent("/notes").authorization(), sent("/notes").header("x-api-token")), (None, Some("Bearer made-up-access")));
    let credentials = ["/token", "/me", "/notes"].map(|path| sent(path).credentials);
    assert_eq!(credentials, ["same-origin", "same-origin", "include"]);
}

/// The API is chosen by the scope. Its tokens are refreshed after a 401 as before.
#[wasm_bindgen_test]
async fn a_token_that_is_refused_for_user_information_only_is_refreshed_for_the_api() {
    let site = Site::new(|config| config.scope("openid api://notes/read"));
    let granted = json!({ "access_token": "made-up-access-2", "token_type": "Bearer", "expires_in": 60 });
    site.respond("/token", 200, &granted);
    site.respond("/me", 401, &json!({ "error": "invalid_token" }));
    site.respond("/notes", 401, &json!({}));
    site.oidc.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(60.0));
    for _ in 0..3 {
        assert!(matches!(site.oidc.user_info().await, Err(Error::NotOffered(_))));
    }
    assert_eq!((site.page.sent("/me").len(), site.page.sent("/token").len()), (4, 1), "one refresh shows that no token is accepted");
    assert_eq!(site.oidc.client().get("/notes").send().await.unwrap().status(), 401);
    assert_eq!(site.page.sent("/token").len(), 2);
}

#[wasm_bindgen_test]
async fn a_refusal_of_user_information_that_passes_is_not_remembered_for_ever() {
    let site = Site::new(|config| config);
    let granted = json!({ "access_token": "made-up-access-2", "token_type": "Bearer", "expires_in": 6_000 });
    site.respond("/token", 200, &granted);
    site.respond("/me", 401, &json!({ "error": "invalid_token" }));
    site.oidc.client().session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(6_000.0));
    let refreshes = async || {
        assert!(matches!(site.oidc.user_info().await, Err(Error::NotOffered(_))));
        site.page.sent("/token").len()
    };
    assert_eq!((refreshes().await, refreshes().await), (1, 1));
    let _later = replace("performance", "now", "() => original.call(performance) + 301_000");
    assert_eq!((refreshes().await, refreshes().await), (2, 2));
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
