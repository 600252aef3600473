//! What each test has for itself: an account, a key in the store, a client, the page, and a list of what happened.

use crate::page::Page;
use futures::{
    FutureExt,
    future::{RemoteHandle, join_all},
};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use std::{cell::RefCell, rc::Rc};
use wugan::{Builder, Client, Error, Event, Request, Response, SignIn, State, Subscription};

/// The server, started with `--access-ttl 2s --reuse-leeway 0s`: tokens run out soon, and a used refresh token ends the session.
pub(crate) const SERVER: &str = match option_env!("WUGAN_TEST_SERVER") {
    Some(server) => server,
    None => "http://127.0.0.1:38471",
};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) const REFRESH: &str = "/user/refresh";

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) page: Page,
    pub(crate) key: String,
    happened: Rc<RefCell<Vec<Event>>>,
    _subscription: Subscription,
}

impl World {
    /// Nobody is signed in, and nothing is renewed without a request.
    pub(crate) fn new() -> World {
        World::with(|builder| builder)
    }

    /// …with settings.
    pub(crate) fn with(settings: impl FnOnce(Builder) -> Builder) -> World {
        let page = Page::new();
        let key = format!("test.{}", random_name());
        let client = settings(Client::builder(SERVER).key(&key).background(false)).build().unwrap();
        let happened = Rc::new(RefCell::new(Vec::new()));
        let list = happened.clone();
        let subscription = client.session().on_event(move |noted| list.borrow_mut().push(noted.event.clone()));
        World { client, page, key, happened, _subscription: subscription }
    }

    /// Somebody new is signed in.
    pub(crate) async fn signed_in() -> World {
        let world = World::new();
        register(&world.client).await;
        world
    }

    /// …and the server will refuse the access token, as if it had run out early.
    pub(crate) async fn with_a_dead_access_token() -> World {
        let world = World::signed_in().await;
        world.spoil("access_token");
        world
    }

    pub(crate) async fn get(&self, url: &str) -> Result<u16, Error> {
        self.send(Request::get(url)).await
    }

    pub(crate) async fn send(&self, request: Request) -> Result<u16, Error> {
        self.client.send(request).await.map(|response| response.status())
    }

    /// So many at once, and what comes of them.
    pub(crate) async fn burst(&self, many: usize, url: &str) -> Vec<Result<u16, Error>> {
        join_all((0..many).map(|_| self.get(url))).await
    }

    /// Begins a request. Dropping what this returns is a caller who goes away.
    pub(crate) fn begin(&self, request: Request) -> RemoteHandle<Result<u16, Error>> {
        let client = self.client.clone();
        let (task, handle) = async move { client.send(request).await.map(|response| response.status()) }.remote_handle();
        wasm_bindgen_futures::spawn_local(task);
        handle
    }

    pub(crate) fn begin_get(&self, url: &str) -> RemoteHandle<Result<u16, Error>> {
        self.begin(Request::get(url))
    }

    pub(crate) fn state(&self) -> State {
        self.client.session().peek().state
    }

    pub(crate) fn user(&self) -> Option<String> {
        self.client.session().peek().user?.name
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.happened.borrow().clone()
    }

    pub(crate) fn count(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.happened.borrow().iter().filter(|event| is(event)).count()
    }

    /// How many requests went to the token endpoint.
    pub(crate) fn refreshes(&self) -> usize {
        self.page.sent(REFRESH).len()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.count(|event| matches!(event, Event::Waiting { .. }))
    }

    pub(crate) fn sign_outs(&self) -> usize {
        self.count(|event| matches!(event, Event::SignedOut { .. }))
    }

    /// The record in the store, as text.
    pub(crate) fn stored(&self) -> Option<String> {
        store().get_item(&self.key).unwrap()
    }

    pub(crate) fn record(&self) -> Value {
        serde_json::from_str(&self.stored().unwrap()).unwrap()
    }

    /// Writes the record behind the client's back, as another tab does.
    pub(crate) fn put(&self, text: &str) {
        store().set_item(&self.key, text).unwrap();
    }

    pub(crate) fn remove(&self) {
        store().remove_item(&self.key).unwrap();
    }

    /// Puts rubbish in the place of a token in the store: what a person does in the browser's tools.
    pub(crate) fn spoil(&self, token: &str) {
        let mut record = self.record();
        assert!(record[token].is_string(), "the record has a {token}");
        record[token] = json!("spoilt");
        self.put(&record.to_string());
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.page.allow_storage();
        self.remove();
    }
}

fn store() -> web_sys::Storage {
    web_sys::window().unwrap().local_storage().unwrap().unwrap()
}

/// Makes an account, and signs in with it. Its name.
pub(crate) async fn register(client: &Client) -> String {
    let username = random_name();
    let request = Request::post("/user/register").json(&json!({ "username": username, "password": PASSWORD }));
    match client.sign_in(request).await.unwrap() {
        SignIn::Done => username,
        SignIn::Refused(answer) => panic!("the server makes no account: {}", answer.status()),
    }
}

fn random_name() -> String {
    format!("u{:x}", (js_sys::Math::random() * 2_f64.powi(52)) as u64)
}

pub(crate) async fn seconds(time: f64) {
    TimeoutFuture::new((time * 1_000.0) as u32).await;
}

/// Waits until something is so; far longer than it can take.
pub(crate) async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if is() {
            return;
        }
        TimeoutFuture::new(10).await;
    }
    panic!("{what}: not within 20 s");
}

pub(crate) async fn text(answer: Result<Response, Error>) -> String {
    answer.unwrap().text().await.unwrap()
}

/// The same server by another name: another origin.
pub(crate) fn other_origin() -> String {
    SERVER.replace("127.0.0.1", "localhost")
}

/// Nobody listens there.
pub(crate) fn unreachable() -> String {
    SERVER.replace("127.0.0.1", "127.0.0.2")
}
