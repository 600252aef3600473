//! What each test has for itself: an account, a storage key, a client, control of the page, and the recorded events.

use crate::page::{MockResponse, Page};
use futures::{
    FutureExt,
    future::{RemoteHandle, join_all},
};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use std::{cell::RefCell, rc::Rc};
use wugan::{AuthState, Client, ClientBuilder, Error, Event, Request, Response, SignIn, Subscription, TokenSet};

/// The server, started with `--access-ttl 2s --reuse-leeway 0s`: access tokens expire soon, and a refresh token that is used twice ends
/// its session.
pub(crate) const SERVER: &str = match option_env!("WUGAN_TEST_SERVER") {
    Some(server) => server,
    None => "http://127.0.0.1:38471",
};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) const REFRESH_PATH: &str = "/user/refresh";

pub(crate) type Answer = Result<u16, Error>;

pub(crate) struct Fixture {
    pub(crate) client: Client,
    pub(crate) page: Page,
    pub(crate) key: String,
    events: Rc<RefCell<Vec<Event>>>,
    _subscription: Subscription,
}

impl Fixture {
    /// A client that is signed out and does not refresh in the background.
    pub(crate) fn new() -> Fixture {
        Fixture::with(|builder| builder)
    }

    /// Like [`new`](Self::new), with other settings.
    pub(crate) fn with(settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Fixture {
        let page = Page::new();
        let key = format!("test.{}", random_name());
        let client = settings(Client::builder(SERVER).storage_key(&key).auto_refresh(false)).build().unwrap();
        let events = Rc::new(RefCell::new(Vec::new()));
        let list = events.clone();
        let subscription = client.session().on_event(move |timed| list.borrow_mut().push(timed.event.clone()));
        Fixture { client, page, key, events, _subscription: subscription }
    }

    /// A new account is signed in.
    pub(crate) async fn signed_in() -> Fixture {
        let test = Fixture::new();
        register(&test.client).await;
        test
    }

    /// A new account is signed in, and the server will refuse its access token.
    pub(crate) async fn with_refused_access_token() -> Fixture {
        let test = Fixture::signed_in().await;
        test.corrupt("access_token");
        test
    }

    /// Signed in with made-up tokens that live for a minute, for tests with mock responses: a real token lives for two seconds.
    pub(crate) fn with_made_up_tokens() -> Fixture {
        let test = Fixture::new();
        test.client.session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(60.0));
        test
    }

    /// Another client with the same storage key, as another tab has it.
    pub(crate) fn second_client(&self) -> Client {
        Client::builder(SERVER).storage_key(&self.key).auto_refresh(false).build().unwrap()
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.send(Request::get(url)).await
    }

    pub(crate) async fn send(&self, request: Request) -> Answer {
        send(&self.client, request).await
    }

    /// Sends this many GETs at once.
    pub(crate) async fn burst(&self, count: usize, url: &str) -> Vec<Answer> {
        join_all((0..count).map(|_| self.get(url))).await
    }

    /// Starts a request. Dropping the handle cancels it.
    pub(crate) fn spawn(&self, request: Request) -> RemoteHandle<Answer> {
        let client = self.client.clone();
        let (task, handle) = async move { send(&client, request).await }.remote_handle();
        wasm_bindgen_futures::spawn_local(task);
        handle
    }

    pub(crate) fn spawn_get(&self, url: &str) -> RemoteHandle<Answer> {
        self.spawn(Request::get(url))
    }

    pub(crate) fn state(&self) -> AuthState {
        self.client.session().info().state
    }

    pub(crate) fn user_name(&self) -> Option<String> {
        self.client.session().info().user?.name
    }

    pub(crate) fn has_expired(&self) -> bool {
        self.client.session().info().expires_in.is_none_or(|left| left.is_zero())
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }

    pub(crate) fn count_events(&self, is_counted: impl Fn(&Event) -> bool) -> usize {
        self.events.borrow().iter().filter(|event| is_counted(event)).count()
    }

    /// How many requests were sent to the token endpoint.
    pub(crate) fn refresh_requests(&self) -> usize {
        self.page.sent(REFRESH_PATH).len()
    }

    pub(crate) fn waiting_events(&self) -> usize {
        self.count_events(|event| matches!(event, Event::Waiting { .. }))
    }

    pub(crate) fn sign_out_events(&self) -> usize {
        self.count_events(|event| matches!(event, Event::SignedOut { .. }))
    }

    /// The stored record as text.
    pub(crate) fn stored_text(&self) -> Option<String> {
        local_storage().get_item(&self.key).unwrap()
    }

    pub(crate) fn record(&self) -> Value {
        serde_json::from_str(&self.stored_text().unwrap()).unwrap()
    }

    /// Writes the record without the client, as another tab does.
    pub(crate) fn store_text(&self, text: &str) {
        local_storage().set_item(&self.key, text).unwrap();
    }

    pub(crate) fn remove_record(&self) {
        local_storage().remove_item(&self.key).unwrap();
    }

    /// Replaces a token in the stored record by an invalid one, as a user does with the browser's developer tools.
    pub(crate) fn corrupt(&self, token: &str) {
        let mut record = self.record();
        assert!(record[token].is_string(), "the record has a {token}");
        record[token] = json!("corrupt");
        self.store_text(&record.to_string());
    }

    pub(crate) fn pause_key(&self) -> String {
        format!("{}.pause", self.key)
    }

    /// The id that lock and pause have in their names: FNV-1a of session, refresh token and count of rotations, each followed by 0xff.
    pub(crate) fn exchange_id(&self) -> String {
        let record = self.record();
        let rotation = format!("{:016x}", record["rotation"].as_f64().unwrap_or_default() as u64);
        let parts = [record["session"].as_str().unwrap(), record["refresh_token"].as_str().unwrap_or_default(), &rotation];
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        format!("{hash:016x}")
    }

    pub(crate) fn lock_name(&self) -> String {
        format!("{}:{}", self.key, self.exchange_id())
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.page.allow_storage();
        for suffix in ["", ".pause", ".refused"] {
            local_storage().remove_item(&format!("{}{suffix}", self.key)).unwrap();
        }
    }
}

pub(crate) async fn send(client: &Client, request: Request) -> Answer {
    client.send(request).await.map(|response| response.status().as_u16())
}

pub(crate) fn local_storage() -> web_sys::Storage {
    web_sys::window().unwrap().local_storage().unwrap().unwrap()
}

/// Creates an account and signs in with it. Returns its name.
pub(crate) async fn register(client: &Client) -> String {
    let username = random_name();
    let request = client.post("/user/register").json(&json!({ "username": username, "password": PASSWORD }));
    match request.sign_in().await.unwrap() {
        SignIn::Done(_) => username,
        SignIn::Refused(response) => panic!("no account was created: {}", response.status()),
    }
}

pub(crate) fn random_name() -> String {
    format!("u{:x}", (js_sys::Math::random() * 2_f64.powi(52)) as u64)
}

/// A JSON response of the token endpoint.
pub(crate) fn token_response(access_token: &str, refresh_token: &str) -> MockResponse {
    let body = json!({ "access_token": access_token, "refresh_token": refresh_token, "expires_in": 60 });
    MockResponse::new(200).header("content-type", "application/json").chunk(body.to_string())
}

pub(crate) async fn sleep_seconds(seconds: f64) {
    TimeoutFuture::new((seconds * 1_000.0) as u32).await;
}

/// Waits for a condition, far longer than it takes.
pub(crate) async fn wait_until(what: &str, is_met: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if is_met() {
            return;
        }
        TimeoutFuture::new(10).await;
    }
    panic!("not within 20 s: {what}");
}

pub(crate) async fn text(response: Result<Response, Error>) -> String {
    response.unwrap().text().await.unwrap()
}

/// The same server by another name, which is another origin.
pub(crate) fn other_origin() -> String {
    SERVER.replace("127.0.0.1", "localhost")
}

/// No server listens at this address.
pub(crate) fn unreachable_url() -> String {
    SERVER.replace("127.0.0.1", "127.0.0.2")
}
