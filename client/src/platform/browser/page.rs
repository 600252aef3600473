//! A page or a worker as a platform.

#[cfg(feature = "dpop")]
use super::key;
use super::{
    events, fetch, locks,
    scope::{is_visible, page_url, scope},
    storage,
};
#[cfg(feature = "dpop")]
use crate::platform::{LoadedKey, StoredKey};
use crate::{
    error::Error,
    js::object::{call, get},
    platform::{Address, Guard, PlatformEvent, PlatformRequest, Storage, StoreError},
    random::random,
};
use futures::future::LocalBoxFuture;
use std::{rc::Rc, time::Duration};
use wasm_bindgen::JsValue;

/// A page or a worker.
#[derive(Clone, Debug)]
pub struct Browser;

impl Storage for Browser {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.get(key)
    }

    fn set(&self, key: &str, text: &str) -> Result<(), StoreError> {
        self.set(key, text)
    }
}

/// What [`Platform`](crate::platform::Platform) describes.
impl Browser {
    pub(crate) fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        storage::get(key)
    }

    pub(crate) fn set(&self, key: &str, text: &str) -> Result<(), StoreError> {
        storage::set(key, text)?;
        events::notify_same_page(key);
        Ok(())
    }

    pub(crate) fn resolve(&self, base: &str, url: &str) -> Option<Address> {
        let parse = |url: &str, base: &str| Some(JsValue::from(web_sys::Url::new_with_base(url, base).ok()?));
        let page = page_url();
        let base = if base.is_empty() { page } else { get(&parse(base, &page)?, "href").as_string()? };
        let url = parse(url, &base)?;
        let part = |name: &str| get(&url, name).as_string();
        Some(Address { href: part("href")?, origin: part("origin")?, path: part("pathname")? })
    }

    pub(crate) fn fetch(&self, request: PlatformRequest<'_>) -> LocalBoxFuture<'static, Result<fetch::Fetched, Box<Error>>> {
        fetch::fetch(&request)
    }

    pub(crate) fn lock(&self, name: &str) -> Option<LocalBoxFuture<'static, Guard>> {
        locks::lock(name)
    }

    pub(crate) fn lock_holder(&self, name: &str) -> LocalBoxFuture<'static, Option<String>> {
        locks::lock_holder(name)
    }

    pub(crate) fn now(&self) -> f64 {
        js_sys::Date::now()
    }

    pub(crate) fn monotonic(&self) -> f64 {
        let now = call(&get(&scope(), "performance"), "now", &[]).ok().and_then(|now| now.as_f64());
        now.unwrap_or_else(js_sys::Date::now)
    }

    pub(crate) fn sleep(&self, time: Duration) -> LocalBoxFuture<'static, ()> {
        // `setTimeout` counts in 32 bits and fires at once beyond them. Rounded up, so that a timer does not fire early.
        let milliseconds = (time.as_secs_f64() * 1_000.0).ceil().min(f64::from(i32::MAX)) as u32;
        Box::pin(gloo_timers::future::TimeoutFuture::new(milliseconds))
    }

    pub(crate) fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        wasm_bindgen_futures::spawn_local(task);
    }

    pub(crate) fn random(&self) -> f64 {
        random()
    }

    pub(crate) fn subscribe(&self, key: &str, notify: Rc<dyn Fn(PlatformEvent)>) -> Guard {
        events::subscribe(key, notify)
    }

    pub(crate) fn visible(&self) -> bool {
        is_visible()
    }

    pub(crate) fn sends_streams(&self, detect: fn() -> bool) -> bool {
        detect()
    }

    #[cfg(feature = "dpop")]
    pub(crate) fn key(&self, name: &str) -> LoadedKey {
        key::load(name)
    }

    #[cfg(feature = "dpop")]
    pub(crate) fn make_key(&self, name: &str) -> StoredKey {
        key::store(name, None)
    }

    #[cfg(feature = "dpop")]
    pub(crate) fn sha256(&self, text: &str) -> LocalBoxFuture<'static, Result<String, Error>> {
        let hashing = crate::web_crypto::sha256(text);
        Box::pin(async move { hashing.await.ok_or_else(crate::platform::no_web_crypto) })
    }
}
