//! What the engine needs from outside.

#[cfg(feature = "dpop")]
use super::signing_key::{LoadedKey, StoredKey, no_web_crypto};
use super::{
    event::PlatformEvent,
    guard::Guard,
    request::{Address, PlatformRequest},
    response::HostResponse,
    storage::Storage,
};
use crate::error::Error;
use futures::future::LocalBoxFuture;
use std::{rc::Rc, time::Duration};

/// What the engine needs from its environment: requests, storage, clocks, locks, events. Single-threaded, as a page is. Its [`Storage`] is
/// shared by all tabs.
pub trait Platform: Storage {
    /// Resolves a URL as `fetch` does, against a base (empty: the page's URL). `None`: it is not a URL.
    fn resolve(&self, base: &str, url: &str) -> Option<Address>;

    /// Sends a request once. Dropping the future before the response head arrives aborts the request.
    fn fetch(&self, request: PlatformRequest<'_>) -> LocalBoxFuture<'static, Result<HostResponse, Error>>;

    /// Requests the exclusive lock of this name, shared by all tabs. Dropping the guard releases it, dropping the future leaves the
    /// queue. `None`: this platform has no locks.
    fn lock(&self, name: &str) -> Option<LocalBoxFuture<'static, Guard>>;

    /// Identifies the present holder of a lock: the same text for the same tab. `None`: no holder, or unknown.
    fn lock_holder(&self, name: &str) -> LocalBoxFuture<'static, Option<String>>;

    /// The device's clock in milliseconds since 1970. It may be wrong and may be set at any time.
    fn now(&self) -> f64;

    /// The monotonic clock in milliseconds since the page was opened. It may stop while the device sleeps.
    fn monotonic(&self) -> f64;

    /// Completes after this time or later: tabs are throttled and devices sleep.
    fn sleep(&self, time: Duration) -> LocalBoxFuture<'static, ()>;

    /// Runs a future to its end, independent of any other.
    fn spawn(&self, task: LocalBoxFuture<'static, ()>);

    /// A random number, at least 0 and less than 1. It must not be predictable from earlier ones, which a stolen record contains.
    fn random(&self) -> f64;

    /// Calls `notify` for each [`PlatformEvent`] until the guard is dropped.
    fn subscribe(&self, key: &str, notify: Rc<dyn Fn(PlatformEvent)>) -> Guard;

    /// Whether the page is visible.
    fn visible(&self) -> bool;

    /// Whether `fetch` can send a `ReadableStream` as a body, which a browser has to `detect`.
    fn sends_streams(&self, detect: fn() -> bool) -> bool {
        detect()
    }

    /// The stored key of this name, which all tabs share. `None`: there is none.
    #[cfg(feature = "dpop")]
    fn key(&self, name: &str) -> LoadedKey {
        let _ = name;
        Box::pin(async { Ok(None) })
    }

    /// Makes a key and stores it, unless there is one of this name. Returns the stored one.
    #[cfg(feature = "dpop")]
    fn make_key(&self, name: &str) -> StoredKey {
        let _ = name;
        Box::pin(async { Err(no_web_crypto()) })
    }

    /// SHA-256 in base64url.
    #[cfg(feature = "dpop")]
    fn sha256(&self, text: &str) -> LocalBoxFuture<'static, Result<String, Error>> {
        let _ = text;
        Box::pin(async { Err(no_web_crypto()) })
    }
}
