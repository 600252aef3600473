//! What the engine needs from outside: fetch, storage, locks, clocks, timers, events.
//!
//! On wasm32 this is the browser, in tests the simulator of `wugan-testing`, and natively an inert platform for server-side rendering.
//! The trait is public for the simulator and may change in any release.

#[cfg(target_arch = "wasm32")]
pub(crate) mod browser;
pub(crate) mod in_memory;
#[cfg(not(target_arch = "wasm32"))]
mod inert;
pub(crate) mod listener;

#[cfg(all(feature = "leptos", target_arch = "wasm32"))]
pub(crate) use browser::{is_stored, subscribe};
#[cfg(all(feature = "leptos", not(target_arch = "wasm32")))]
pub(crate) use inert::{is_stored, subscribe};

use crate::{error::Error, http::Body, http::Request};
use futures::future::LocalBoxFuture;
use std::{any::Any, fmt, rc::Rc, time::Duration};

/// Releases a lock or ends a subscription when it is dropped.
pub type Guard = Box<dyn Any>;

/// Named texts.
pub trait Storage: 'static {
    /// Reads a key.
    ///
    /// # Errors
    /// [`StoreError`] if the storage cannot be used.
    fn get(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Writes a key in one step and notifies the other tabs that share the storage.
    ///
    /// # Errors
    /// [`StoreError`] if the storage cannot be used or is full.
    fn set(&self, key: &str, text: &str) -> Result<(), StoreError>;
}

/// The outside of the engine, single-threaded as a page is. Its [`Storage`] is shared by all tabs.
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

/// The stored key, if there is one.
#[cfg(feature = "dpop")]
pub type LoadedKey = LocalBoxFuture<'static, Result<Option<Rc<dyn SigningKey>>, Error>>;

/// The key that is stored now.
#[cfg(feature = "dpop")]
pub type StoredKey = LocalBoxFuture<'static, Result<Rc<dyn SigningKey>, Error>>;

/// A P-256 key pair whose private half cannot be read.
#[cfg(feature = "dpop")]
pub trait SigningKey: 'static {
    /// The coordinates of the public half in base64url (RFC 7518 §6.2.1).
    fn coordinates(&self) -> [&str; 2];

    /// The JWK thumbprint (RFC 7638).
    fn thumbprint(&self) -> &str;

    /// Signs by ES256 (RFC 7518 §3.4). Returns the signature in base64url.
    fn sign(&self, text: &str) -> LocalBoxFuture<'static, Result<String, Error>>;

    /// Stores the key, unless there is one of this name. Returns the stored one.
    fn store(&self, name: &str) -> StoredKey;
}

#[cfg(feature = "dpop")]
pub(crate) fn no_web_crypto() -> Error {
    Error::InvalidRequest("DPoP needs WebCrypto, and this page has none or it failed: serve it over https, or at http://localhost".into())
}

/// A client's platform: on wasm32 the browser, known to the compiler, so that a program contains only the functions that it calls.
#[cfg(target_arch = "wasm32")]
pub type Host = browser::Browser;
/// A client's platform: natively any, such as the simulator.
#[cfg(not(target_arch = "wasm32"))]
pub type Host = Rc<dyn Platform>;

/// The response of a [`Host`].
#[cfg(target_arch = "wasm32")]
pub type HostResponse = browser::Fetched;
/// The response of a [`Host`].
#[cfg(not(target_arch = "wasm32"))]
pub type HostResponse = Box<dyn PlatformResponse>;

/// The platform of this target: the browser on wasm32, else [`inert`].
pub(crate) fn default_platform() -> Host {
    #[cfg(target_arch = "wasm32")]
    return browser::Browser;
    #[cfg(not(target_arch = "wasm32"))]
    Rc::new(inert::Inert)
}

/// The storage that all tabs share.
pub(crate) fn storage_of(platform: &Host) -> Rc<dyn Storage> {
    #[cfg(target_arch = "wasm32")]
    return Rc::new(platform.clone());
    #[cfg(not(target_arch = "wasm32"))]
    Rc::<dyn Platform>::clone(platform)
}

/// A resolved URL. `Debug` shows neither query nor credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The whole URL.
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
pub struct PlatformRequest<'a> {
    /// The URL.
    pub address: &'a Address,
    /// Method, headers and fetch options.
    pub request: &'a Request,
    /// The body, made for this sending.
    pub body: Body,
    /// Name and value of the header that carries the access token.
    pub authorization: Option<(&'a str, String)>,
    /// The header `DPoP` (RFC 9449 §4).
    pub proof: Option<String>,
}

impl fmt::Debug for PlatformRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformRequest").field("method", self.request.method()).field("address", &self.address).finish_non_exhaustive()
    }
}

/// The head of a response; the body is read separately.
pub trait PlatformResponse: 'static {
    /// The HTTP status.
    fn status(&self) -> u16;
    /// A header's value. Responses of another origin show only the headers that the server exposes.
    fn header(&self, name: &str) -> Option<String>;
    /// All visible headers.
    fn headers(&self) -> Vec<(String, String)>;
    /// The final URL after redirects. Empty: the requested URL.
    fn url(&self) -> String;
    /// Reads the body, once.
    fn bytes(&self) -> LocalBoxFuture<'static, Result<Vec<u8>, Box<Error>>>;
    /// The platform's own response, for what this trait does not cover: in a browser `(web_sys::Response, Guard)`, where the guard
    /// passes the caller's `AbortSignal` on to the transfer.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// The storage cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Access is denied: privacy settings, a sandboxed frame.
    Denied,
    /// The quota is used up.
    Full,
}

/// Something changed outside of this client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformEvent {
    /// The shared storage may hold a new value under the subscribed key.
    Stored,
    /// The network is back.
    Online,
    /// The page became visible, was resumed, or came back from the back/forward cache.
    Awake,
}

/// Lets a future run for at most `time`, then drops it. The future is boxed, so that futures with one output share their code.
///
/// # Errors
/// [`Error::Timeout`] if it did not complete in time.
pub(crate) fn within<'a, T: 'a>(
    platform: &Host,
    time: Duration,
    future: LocalBoxFuture<'a, T>,
) -> impl Future<Output = Result<T, Box<Error>>> + use<'a, T> {
    use futures::future::{Either, select};
    let sleep = platform.sleep(time);
    async move {
        match select(future, sleep).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right(_) => Err(Error::Timeout.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let address = Address { href: "https://ada:secret@a/b?secret".into(), origin: "https://a".into(), path: "/b".into() };
        let (request, body) = (Request::post("/b?secret").text("secret"), Body::from("secret"));
        let content = format!("{:?} {:?}", body.content(), Body::from(b"secret".to_vec()).content());
        let authorization = Some(("authorization", "Bearer secret".into()));
        let sent = PlatformRequest { address: &address, request: &request, body, authorization, proof: Some("secret".into()) };
        assert_eq!(
            format!("{sent:?} {content}"),
            "PlatformRequest { method: POST, address: Address { origin: \"https://a\", path: \"/b\", .. }, .. } Text(6 bytes) Bytes(6 bytes)"
        );
    }
}
