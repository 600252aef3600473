//! The response of a platform.

use crate::error::Error;
use futures::future::LocalBoxFuture;
use std::any::Any;

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

/// The response of a [`Host`](super::Host).
#[cfg(target_arch = "wasm32")]
pub type HostResponse = super::browser::fetch::Fetched;
/// The response of a [`Host`](super::Host).
#[cfg(not(target_arch = "wasm32"))]
pub type HostResponse = Box<dyn PlatformResponse>;
