//! A request as a platform sends it.

use super::{body::Body, guard::Guard};
use http::Method;
use std::{fmt, rc::Rc};
use web_sys::{AbortSignal, ReferrerPolicy, RequestCache, RequestCredentials, RequestInit, RequestMode, RequestRedirect};

/// The options of `fetch` that a request was given. <https://fetch.spec.whatwg.org/#requestinit>
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RequestOptions {
    /// Whether cookies are sent and stored.
    pub credentials: Option<RequestCredentials>,
    /// How the browser's cache is used.
    pub cache: Option<RequestCache>,
    /// CORS mode.
    pub mode: Option<RequestMode>,
    /// What happens on a redirect.
    pub redirect: Option<RequestRedirect>,
    /// What the `Referer` header contains.
    pub referrer_policy: Option<ReferrerPolicy>,
    /// Aborts the request.
    pub signal: Option<AbortSignal>,
    /// Whether the request may outlive the page.
    pub keepalive: bool,
}

/// Calls a function when a signal is triggered, until the guard is dropped.
pub(crate) type OnAbort = fn(&AbortSignal, Box<dyn FnMut()>) -> Guard;

type SetOption = Rc<dyn Fn(&RequestInit)>;

/// Method, headers and options of a request.
#[derive(Clone)]
pub struct RequestHead {
    pub(crate) method: Method,
    /// In order; names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) options: RequestOptions,
    /// Closures that pass the options on to the browser, so that an app downloads the code of those that it sets.
    pub(crate) apply: Vec<SetOption>,
    /// A pointer, so that an app without signals does not download the function.
    pub(crate) on_abort: Option<OnAbort>,
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers may hold secrets.
        f.debug_struct("RequestHead").field("method", &self.method).finish_non_exhaustive()
    }
}

impl RequestHead {
    /// Without headers and options.
    #[must_use]
    pub fn new(method: Method) -> Self {
        Self { method, headers: Vec::new(), options: RequestOptions::default(), apply: Vec::new(), on_abort: None }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Names and values of the headers in the order in which they were added; repeated names stay repeated.
    pub fn header_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The options for `fetch`.
    #[must_use]
    pub fn options(&self) -> &RequestOptions {
        &self.options
    }
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

/// One sending of a request. `Debug` shows no secret.
pub struct PlatformRequest<'a> {
    /// The URL.
    pub address: &'a Address,
    /// Method, headers and fetch options.
    pub request: &'a RequestHead,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Request;

    #[test]
    fn debug_shows_no_secret() {
        let address = Address { href: "https://ada:secret@a/b?secret".into(), origin: "https://a".into(), path: "/b".into() };
        let (request, body) = (Request::post("/b?secret").text("secret"), Body::from("secret"));
        let content = format!("{:?} {:?}", body.content(), Body::from(b"secret".to_vec()).content());
        let authorization = Some(("authorization", "Bearer secret".into()));
        let sent = PlatformRequest { address: &address, request: &request.parts.head, body, authorization, proof: Some("secret".into()) };
        assert_eq!(
            format!("{sent:?} {content}"),
            "PlatformRequest { method: POST, address: Address { origin: \"https://a\", path: \"/b\", .. }, .. } Text(6 bytes) Bytes(6 bytes)"
        );
    }
}
