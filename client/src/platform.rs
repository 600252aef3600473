//! The few things that the engine asks of the outside: fetch, store, lock, clock, timer, spawn.
//!
//! In a browser that is [`browser`](crate::browser), in a simulation [`testing`](crate::testing). Everything else in this crate is
//! the same code in both.

use crate::{body::Body, error::Error, request::Request};
use futures::future::LocalBoxFuture;
use std::{any::Any, fmt, rc::Rc, time::Duration};

/// What holds something as long as it lives: a lock, a subscription.
pub type Guard = Box<dyn Any>;

/// The outside. All of it belongs to one thread, as a page does.
pub trait Platform: 'static {
    /// Resolves a URL as `fetch` will, against a base (empty: the page). None: it makes no sense.
    fn resolve(&self, base: &str, url: &str) -> Option<Address>;

    /// Sends one request once. Dropping the future before it is done aborts the request.
    fn fetch(&self, attempt: Attempt<'_>) -> LocalBoxFuture<'static, Result<Box<dyn Answer>, Error>>;

    /// The text under a key of the store that all tabs share.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be used.
    fn load(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Puts a text under a key, at once and whole, and lets the other tabs know.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be used, or is full.
    fn save(&self, key: &str, text: &str) -> Result<(), StoreError>;

    /// Waits for the lock of this name, shared by all tabs; dropping the guard lets go of it, dropping the future gives up waiting.
    /// With `steal`, takes it from whoever has it. None: there are no such locks here.
    fn lock(&self, name: &str, steal: bool) -> Option<LocalBoxFuture<'static, Guard>>;

    /// The device's clock: milliseconds since 1970, right or wrong.
    fn wall(&self) -> f64;

    /// The monotonic clock: milliseconds since the page began. It may stand still while the device sleeps.
    fn monotonic(&self) -> f64;

    /// Is done after a while. It may be late by any time: tabs are throttled, devices sleep.
    fn sleep(&self, time: Duration) -> LocalBoxFuture<'static, ()>;

    /// Runs a future to its end, whoever waits for it.
    fn spawn(&self, task: LocalBoxFuture<'static, ()>);

    /// A random number, at least 0 and less than 1.
    fn random(&self) -> f64;

    /// Calls back on each [`Signal`] until the guard is dropped.
    fn watch(&self, key: &str, tell: Rc<dyn Fn(Signal)>) -> Guard;

    /// Whether a person can see the page.
    fn visible(&self) -> bool;
}

/// A resolved URL. `Debug` shows neither query nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The whole of it.
    pub href: String,
    /// Scheme, host and port (RFC 6454 §6.2).
    pub origin: String,
    /// The path, without query and fragment.
    pub path: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("origin", &self.origin).field("path", &self.path).finish_non_exhaustive()
    }
}

/// One sending of a [`Request`]. `Debug` shows no secret.
pub struct Attempt<'a> {
    /// Where to.
    pub address: &'a Address,
    /// What.
    pub request: &'a Request,
    /// The body, made for this sending.
    pub body: Body,
    /// The value of the `Authorization` header to add, if any.
    pub authorization: Option<String>,
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("method", &self.request.method).field("address", &self.address).finish_non_exhaustive()
    }
}

/// What came back, as far as its headers; the body follows.
pub trait Answer: 'static {
    /// The HTTP status.
    fn status(&self) -> u16;
    /// A header's value; the browser hides some from pages of another origin.
    fn header(&self, name: &str) -> Option<String>;
    /// Where the answer came from, redirects followed. Empty: from where it was asked.
    fn url(&self) -> String;
    /// Reads the body, once.
    fn bytes(&self) -> LocalBoxFuture<'static, Result<Vec<u8>, Error>>;
    /// The platform's own answer, for what this trait does not cover.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// The store cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Not at all: privacy settings, a sandboxed frame.
    Denied,
    /// There is no room.
    Full,
}

/// Something happened outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The store may hold something new under our key.
    Stored,
    /// The network is back.
    Online,
    /// The page can be seen again, was woken, or came back from the back/forward cache.
    Awake,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let address = Address { href: "https://ada:secret@a/b?secret".into(), origin: "https://a".into(), path: "/b".into() };
        let (request, body) = (Request::post("/b?secret").text("secret"), Body::text("secret".into()));
        let content = format!("{:?} {:?}", body.content(), Body::bytes(b"secret".to_vec()).content());
        let attempt = Attempt { address: &address, request: &request, body, authorization: Some("Bearer secret".into()) };
        assert_eq!(
            format!("{attempt:?} {content}"),
            "Attempt { method: POST, address: Address { origin: \"https://a\", path: \"/b\", .. }, .. } Text(6 bytes) Bytes(6 bytes)"
        );
    }
}
