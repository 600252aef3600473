//! The page that a test runs in: what really left it, answers held back for a while, locks of "another tab", storage that fails.

use js_sys::{Array, Function, JsString, Promise, Reflect};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A request that left the page.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Sent {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Option<Vec<u8>>,
    /// What becomes of a redirect.
    pub(crate) redirect: String,
    /// 0: no answer yet.
    pub(crate) status: u16,
    pub(crate) aborted: bool,
}

/// See `page.js`.
pub(crate) struct Page(JsValue);

impl Page {
    pub(crate) fn new() -> Page {
        Page(Function::new_no_args(include_str!("page.js")).call0(&JsValue::UNDEFINED).unwrap())
    }

    /// All requests that left the page so far, in order.
    pub(crate) fn all(&self) -> Vec<Sent> {
        serde_json::from_str(&String::from(self.call("sent", &[]).unchecked_into::<JsString>())).unwrap()
    }

    /// Those to one path.
    pub(crate) fn sent(&self, path: &str) -> Vec<Sent> {
        self.all().into_iter().filter(|sent| sent.path == path).collect()
    }

    /// How many of them were answered with this status.
    pub(crate) fn answered(&self, path: &str, status: u16) -> usize {
        self.sent(path).iter().filter(|sent| sent.status == status).count()
    }

    /// Keeps answers from this path back, from now on.
    pub(crate) fn hold(&self, path: &str) {
        self.call("hold", &[path]);
    }

    /// How many answers from this path are kept back.
    pub(crate) fn held(&self, path: &str) -> usize {
        self.call("held", &[path]).as_f64().unwrap() as usize
    }

    /// Lets the answers from this path through.
    pub(crate) fn release(&self, path: &str) {
        self.call("release", &[path]);
    }

    /// Takes a Web Lock, as another tab would.
    pub(crate) async fn lock(&self, name: &str) {
        self.wait_for("lock", &[name]).await;
    }

    /// Gives it back.
    pub(crate) fn unlock(&self, name: &str) {
        self.call("unlock", &[name]);
    }

    /// The names of all locks that are held or waited for.
    pub(crate) async fn locks(&self) -> Vec<String> {
        serde_json::from_str(&self.wait_for("locks", &[]).await.as_string().unwrap()).unwrap()
    }

    /// From now on all locks are refused, as in a page that is being left.
    pub(crate) fn refuse_locks(&self) {
        self.call("refuseLocks", &[]);
    }

    /// From now on reading `window.localStorage` throws, as where cookies are forbidden.
    pub(crate) fn deny_storage(&self) {
        self.call("denyStorage", &[]);
    }

    /// Leaves not a character of room in localStorage.
    pub(crate) fn fill_storage(&self) {
        self.call("fillStorage", &[]);
    }

    /// Undoes both.
    pub(crate) fn allow_storage(&self) {
        self.call("allowStorage", &[]);
    }

    fn call(&self, name: &str, arguments: &[&str]) -> JsValue {
        let function: Function = Reflect::get(&self.0, &name.into()).unwrap().unchecked_into();
        function.apply(&self.0, &arguments.iter().map(|argument| JsValue::from(*argument)).collect::<Array>()).unwrap()
    }

    async fn wait_for(&self, name: &str, arguments: &[&str]) -> JsValue {
        JsFuture::from(self.call(name, arguments).unchecked_into::<Promise>()).await.unwrap()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.call("restore", &[]);
    }
}
