//! Controls the page that a test runs in: records requests, holds responses back, mocks responses, takes locks, lets the storage fail.

use crate::undo::Change;
use js_sys::{Array, Function, JsString, Promise, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A request that `fetch` was called with.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct SentRequest {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) credentials: String,
    pub(crate) cache: String,
    pub(crate) mode: String,
    pub(crate) redirect: String,
    pub(crate) referrer_policy: String,
    /// `None` in browsers that do not show it.
    pub(crate) keepalive: Option<bool>,
    /// `None` until it has been read.
    pub(crate) body: Option<Vec<u8>>,
    /// The response's status; 0 until it arrives.
    pub(crate) status: u16,
    pub(crate) aborted: bool,
}

impl SentRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(set, _)| set == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.header("authorization")
    }
}

/// A response that the page gives in place of a server. Its body arrives in chunks.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MockResponse {
    status: u16,
    headers: Vec<(String, String)>,
    chunks: Vec<Vec<u8>>,
    /// Whether the body goes on after the chunks, without end.
    stays_open: bool,
}

impl MockResponse {
    pub(crate) fn new(status: u16) -> MockResponse {
        MockResponse { status, headers: Vec::new(), chunks: Vec::new(), stays_open: false }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> MockResponse {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn chunk(mut self, bytes: impl AsRef<[u8]>) -> MockResponse {
        self.chunks.push(bytes.as_ref().to_vec());
        self
    }

    pub(crate) fn stays_open(mut self) -> MockResponse {
        self.stays_open = true;
        self
    }
}

/// A Web Lock as `navigator.locks.query()` reports it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebLock {
    pub(crate) name: String,
    pub(crate) client_id: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WebLocks {
    pub(crate) held: Vec<WebLock>,
    pub(crate) pending: Vec<WebLock>,
}

/// Implemented in `page.js`.
pub(crate) struct Page {
    object: JsValue,
    _undo: Change,
}

impl Page {
    pub(crate) fn new() -> Page {
        let object = Function::new_no_args(include_str!("page.js")).call0(&JsValue::UNDEFINED).unwrap();
        let page = object.clone();
        Page { object, _undo: Change::new(move || drop(call(&page, "restore", &[]))) }
    }

    fn all(&self) -> Vec<SentRequest> {
        serde_json::from_str(&String::from(self.call("sent", &[]).unchecked_into::<JsString>())).unwrap()
    }

    /// The requests so far, in order, but for those that sign out: the session of the test before may still send one.
    pub(crate) fn all_but_sign_outs(&self) -> Vec<SentRequest> {
        self.all().into_iter().filter(|sent| sent.path != "/user/logout").collect()
    }

    /// The requests to one path.
    pub(crate) fn sent(&self, path: &str) -> Vec<SentRequest> {
        self.all().into_iter().filter(|sent| sent.path == path).collect()
    }

    /// How many requests to a path were answered with this status.
    pub(crate) fn answered(&self, path: &str, status: u16) -> usize {
        self.sent(path).iter().filter(|sent| sent.status == status).count()
    }

    /// Answers requests to this path from now on, in place of the server.
    pub(crate) fn respond(&self, path: &str, response: MockResponse) {
        self.call("respond", &[path, &serde_json::to_string(&response).unwrap()]);
    }

    /// How many bodies of mock responses were cancelled.
    pub(crate) fn cancelled_bodies(&self) -> usize {
        self.call("cancelledBodies", &[]).as_f64().unwrap() as usize
    }

    /// Holds responses from this path back from now on.
    pub(crate) fn hold(&self, path: &str) {
        self.call("hold", &[path]);
    }

    /// How many responses from this path are held back.
    pub(crate) fn held(&self, path: &str) -> usize {
        self.call("held", &[path]).as_f64().unwrap() as usize
    }

    /// Delivers the responses from this path.
    pub(crate) fn release(&self, path: &str) {
        self.call("release", &[path]);
    }

    /// Takes a Web Lock, as another tab does.
    pub(crate) async fn lock(&self, name: &str) {
        self.wait_for("lock", &[name]).await;
    }

    /// Releases it.
    pub(crate) fn unlock(&self, name: &str) {
        self.call("unlock", &[name]);
    }

    /// All Web Locks of this origin.
    pub(crate) async fn locks(&self) -> WebLocks {
        serde_json::from_str(&self.wait_for("locks", &[]).await.as_string().unwrap()).unwrap()
    }

    /// Refuses all locks from now on, as in a page that is being closed.
    pub(crate) fn refuse_locks(&self) {
        self.call("refuseLocks", &[]);
    }

    /// Reading `window.localStorage` throws from now on, as where cookies are blocked.
    pub(crate) fn deny_storage(&self) {
        self.call("denyStorage", &[]);
    }

    /// Fills localStorage up to its quota.
    pub(crate) fn fill_storage(&self) {
        self.call("fillStorage", &[]);
    }

    /// Undoes both.
    pub(crate) fn allow_storage(&self) {
        self.call("allowStorage", &[]);
    }

    /// Makes `Request` behave as in a browser without request streams.
    pub(crate) fn disable_request_streams(&self) {
        self.call("disableRequestStreams", &[]);
    }

    /// Whether this browser has request streams.
    pub(crate) fn supports_request_streams(&self) -> bool {
        self.call("supportsRequestStreams", &[]).is_truthy()
    }

    fn call(&self, name: &str, arguments: &[&str]) -> JsValue {
        call(&self.object, name, arguments)
    }

    async fn wait_for(&self, name: &str, arguments: &[&str]) -> JsValue {
        JsFuture::from(self.call(name, arguments).unchecked_into::<Promise>()).await.unwrap()
    }
}

fn call(object: &JsValue, name: &str, arguments: &[&str]) -> JsValue {
    let function: Function = Reflect::get(object, &name.into()).unwrap().unchecked_into();
    function.apply(object, &arguments.iter().map(|argument| JsValue::from(*argument)).collect::<Array>()).unwrap()
}
