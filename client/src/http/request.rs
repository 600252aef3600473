//! The request builder: a description that can be sent twice.

use crate::{
    error::Error,
    http::{
        abort::{UnlessAborted, on_abort, unless_aborted},
        header::{is_header_name, is_header_value},
        multipart::Multipart,
        redacted::redacted,
        response::{LimitReading, limit_reading},
    },
    platform::{
        body::Body,
        request::{RequestHead, RequestOptions},
    },
    text::contains,
};
use http::{HeaderMap, Method};
use js_sys::Reflect;
use serde::Serialize;
use std::{fmt, rc::Rc, time::Duration};
use web_sys::{AbortSignal, ReferrerPolicy, RequestCache, RequestCredentials, RequestInit, RequestMode, RequestRedirect};

/// A request under construction. A mistake in it is reported when it is sent.
///
/// One that is not bound to a client yet, such as one that a [`RefreshGrant`](crate::grant::RefreshGrant) builds, is sent with
/// [`Client::send`](crate::Client::send).
///
/// ```no_run
/// # async fn example(client: wugan::Client) -> Result<(), wugan::Error> {
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Note { text: String }
///
/// let note = Note { text: "milk".into() };
/// let saved = client.post("/notes").query(&[("tag", "x")]).json(&note).send().await?.error_for_status()?.json::<Note>().await?;
/// # let _ = saved.text; Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "`send` or `sign_in` sends a request"]
pub struct Request<C = ()> {
    pub(crate) client: C,
    /// Boxed, so that each builder method moves a pointer: that makes calling code smaller.
    pub(crate) parts: Box<Parts>,
}

#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) head: RequestHead,
    pub(crate) url: String,
    /// Serialized, without the question mark.
    pub(crate) query: String,
    pub(crate) body: Body,
    pub(crate) timeout: Option<Duration>,
    /// Set with the timeout.
    pub(crate) limit_reading: Option<LimitReading>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) is_anonymous: bool,
    pub(crate) is_refreshable: bool,
    /// A request for user information at the OpenID provider. Its token is in `Authorization` (OpenID Connect Core §5.3.1), even if the API
    /// uses another header. A second 401 does not mark the token as refused.
    pub(crate) is_for_provider: bool,
    /// A pointer, so that an app without signals does not download the function.
    pub(crate) unless_aborted: Option<UnlessAborted>,
    error: Option<Error>,
}

impl<C> fmt::Debug for Request<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.parts.head.method).field("url", &redacted(&self.parts.url)).finish_non_exhaustive()
    }
}

impl Request {
    /// A request with any method.
    pub fn new(method: Method, url: impl Into<String>) -> Request {
        let parts = Parts {
            head: RequestHead::new(method),
            url: url.into(),
            query: String::new(),
            body: Body::empty(),
            timeout: None,
            limit_reading: None,
            attempt_timeout: None,
            is_anonymous: false,
            is_refreshable: true,
            is_for_provider: false,
            unless_aborted: None,
            error: None,
        };
        Request { client: (), parts: Box::new(parts) }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Request {
        Request::new(Method::GET, url)
    }

    /// A POST.
    pub fn post(url: impl Into<String>) -> Request {
        Request::new(Method::POST, url)
    }

    /// A PUT.
    pub fn put(url: impl Into<String>) -> Request {
        Request::new(Method::PUT, url)
    }

    /// A PATCH.
    pub fn patch(url: impl Into<String>) -> Request {
        Request::new(Method::PATCH, url)
    }

    /// A DELETE.
    pub fn delete(url: impl Into<String>) -> Request {
        Request::new(Method::DELETE, url)
    }

    /// A HEAD.
    pub fn head(url: impl Into<String>) -> Request {
        Request::new(Method::HEAD, url)
    }
}

impl<C> Request<C> {
    /// Binds the request to a client, or takes it from one.
    pub(crate) fn bind<D>(self, client: D) -> (Request<D>, C) {
        (Request { client, parts: self.parts }, self.client)
    }

    /// Adds a header. A repeated name is sent repeatedly; a `Content-Type` replaces the earlier one. The header that carries the token
    /// (`Authorization`, unless [set otherwise](crate::ClientBuilder::auth_header)) is never replaced: with one of its own, a request goes
    /// out as [`anonymous`](Self::anonymous) does.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.parts.add_header(name.as_ref(), value.as_ref());
        self
    }

    /// Adds headers.
    pub fn headers(self, headers: HeaderMap) -> Self {
        headers.iter().fold(self, |request, (name, value)| request.header(name, value))
    }

    /// Adds to the query, form-encoded: pairs, a map, or a struct.
    pub fn query<T: Serialize + ?Sized>(mut self, query: &T) -> Self {
        match serde_urlencoded::to_string(query) {
            Ok(pairs) if pairs.is_empty() => {}
            Ok(pairs) if self.parts.query.is_empty() => self.parts.query = pairs,
            Ok(pairs) => self.parts.query = format!("{}&{pairs}", self.parts.query),
            Err(error) => self.parts.fail(format!("the query cannot be encoded: {error}")),
        }
        self
    }

    /// Sends JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => self.json_text(text),
            Err(error) => {
                self.parts.fail(format!("the body cannot be written as JSON: {error}"));
                self
            }
        }
    }

    /// Sends text that is JSON already.
    pub(crate) fn json_text(self, text: String) -> Self {
        self.typed_body("application/json", text.into())
    }

    /// Sends text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.typed_body("text/plain;charset=UTF-8", text.into().into())
    }

    /// Sends a form as `application/x-www-form-urlencoded`: pairs, a map, or a struct.
    pub fn form<T: Serialize + ?Sized>(mut self, form: &T) -> Self {
        match serde_urlencoded::to_string(form) {
            Ok(text) => self.form_text(text),
            Err(error) => {
                self.parts.fail(format!("the form cannot be encoded: {error}"));
                self
            }
        }
    }

    /// Sends text that is form-encoded already.
    pub(crate) fn form_text(self, text: String) -> Self {
        self.typed_body("application/x-www-form-urlencoded", text.into())
    }

    /// Sends a form with files as `multipart/form-data`. A replay sends the same bytes, boundary included.
    pub fn multipart(mut self, form: impl Into<Multipart>) -> Self {
        let form = form.into();
        let content_type = form.content_type();
        match form.into_body() {
            // Only the generated type names the boundary.
            Ok(body) => self.header(CONTENT_TYPE, content_type).body(body),
            Err(error) => {
                self.parts.error.get_or_insert(error);
                self
            }
        }
    }

    /// Sends a body of any kind. Sets no `Content-Type`.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.parts.body = body.into();
        self
    }

    /// Always an error, because the client attaches the session's token. For a token of your own, set the header `Authorization`.
    pub fn bearer_auth(mut self, _token: impl fmt::Display) -> Self {
        self.parts.fail("the client attaches the session's token: for another token, set the header Authorization".to_owned());
        self
    }

    /// Limits the whole exchange: waiting for the session, uploading, the response head, and reading the body. Without it the
    /// [client's default](crate::ClientBuilder::timeout) applies, which allows for the size of the body, and does not limit a stream.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.parts.timeout = Some(timeout);
        self.parts.limit_reading = Some(limit_reading);
        self
    }

    /// Limits each of the (at most two) sendings until its response head arrives.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.parts.attempt_timeout = Some(timeout);
        self
    }

    /// Whether cookies are sent and stored, for this request.
    pub fn credentials(mut self, credentials: RequestCredentials) -> Self {
        self.parts.head.options.credentials = Some(credentials);
        self.apply(move |init| init.set_credentials(credentials))
    }

    /// How the browser's cache is used.
    pub fn cache(mut self, cache: RequestCache) -> Self {
        self.parts.head.options.cache = Some(cache);
        self.apply(move |init| init.set_cache(cache))
    }

    /// The CORS mode. With `NoCors`, a response of another origin is opaque: its [status](crate::Response::status) is 418, and it has no body.
    pub fn mode(mut self, mode: RequestMode) -> Self {
        self.parts.head.options.mode = Some(mode);
        self.apply(move |init| init.set_mode(mode))
    }

    /// What happens on a redirect. With `Manual`, the response to it is opaque: its [status](crate::Response::status) is 418.
    pub fn redirect(mut self, redirect: RequestRedirect) -> Self {
        self.parts.head.options.redirect = Some(redirect);
        self.apply(move |init| drop(Reflect::set(init, &"redirect".into(), &redirect.into())))
    }

    /// What the `Referer` header contains.
    pub fn referrer_policy(mut self, policy: ReferrerPolicy) -> Self {
        self.parts.head.options.referrer_policy = Some(policy);
        self.apply(move |init| init.set_referrer_policy(policy))
    }

    /// Aborts the request, and the reading of its body, when this signal is triggered.
    pub fn signal(mut self, signal: &AbortSignal) -> Self {
        self.parts.head.options.signal = Some(signal.clone());
        self.parts.unless_aborted = Some(unless_aborted);
        self.parts.head.on_abort = Some(on_abort);
        self
    }

    /// Attaches no token and starts no refresh on a 401. For public routes.
    pub fn anonymous(mut self) -> Self {
        self.parts.is_anonymous = true;
        self
    }

    /// Attaches the token, but returns a 401 as a response: for routes where a 401 means something else, such as a wrong PIN.
    pub fn no_refresh(mut self) -> Self {
        self.parts.is_refreshable = false;
        self
    }

    /// Lets the request outlive the page. Browsers limit such bodies to 64 KiB.
    pub fn keepalive(mut self) -> Self {
        self.parts.head.options.keepalive = true;
        self
    }

    fn apply(mut self, option: impl Fn(&RequestInit) + 'static) -> Self {
        self.parts.head.apply.push(Rc::new(option));
        self
    }

    fn typed_body(mut self, content_type: &'static str, body: Body) -> Self {
        if !self.has_header(CONTENT_TYPE) {
            self.parts.head.headers.push((CONTENT_TYPE.to_owned(), content_type.to_owned()));
        }
        self.body(body)
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.parts.head.headers.iter().any(|(set, _)| set == name)
    }

    /// The first mistake made in building the request.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.parts.error.clone().map_or(Ok(()), Err)
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.parts.head.method
    }

    /// Names and values of the headers in the order in which they were added; repeated names stay repeated.
    pub fn header_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.head.header_pairs()
    }

    /// The options for `fetch`.
    #[must_use]
    pub fn options(&self) -> &RequestOptions {
        &self.parts.head.options
    }

    /// Whether a response to it may come out of a cache (RFC 9111 §3, §4).
    pub(crate) fn may_be_cached(&self) -> bool {
        let bypasses = matches!(self.parts.head.options.cache, Some(RequestCache::NoStore | RequestCache::Reload));
        matches!(self.parts.head.method, Method::GET | Method::HEAD) && !bypasses
    }

    /// A URL with the query added in front of its fragment.
    pub(crate) fn with_query(&self, href: &str) -> String {
        if self.parts.query.is_empty() {
            return href.to_owned();
        }
        let (before, fragment) = href.split_at(href.bytes().position(|byte| byte == b'#').unwrap_or(href.len()));
        let separator = if contains(before, "?") { "&" } else { "?" };
        format!("{before}{separator}{}{fragment}", self.parts.query)
    }
}

impl Parts {
    fn add_header(&mut self, name: &str, value: &[u8]) {
        match std::str::from_utf8(value) {
            _ if !is_header_name(name) => self.fail(format!("“{name}” is not a header name (RFC 9110 §5.1)")),
            Ok(value) if is_header_value(value) => {
                let name = name.to_ascii_lowercase();
                // It has one value (RFC 9110 §8.3).
                if name == CONTENT_TYPE {
                    self.head.headers.retain(|(set, _)| *set != name);
                }
                self.head.headers.push((name, value.to_owned()));
            }
            _ => self.fail(format!("the value of the header {name} has characters outside of printable ASCII: encode it")),
        }
    }

    /// Keeps the first mistake.
    fn fail(&mut self, message: String) {
        self.error.get_or_insert(Error::InvalidRequest(message));
    }
}

const CONTENT_TYPE: &str = "content-type";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_header_is_reported_when_the_request_is_sent() {
        let wrong = Request::get("/").header("x", "line\nbreak").check();
        assert!(matches!(&wrong, Err(Error::InvalidRequest(reason)) if !reason.contains("break")), "{wrong:?}");
        for name in ["", "a b", "a:b", "a\nb", "ü", "a/b"] {
            assert!(Request::get("/").header(name, "1").check().is_err(), "{name}");
        }
        for value in ["ü", "無", "\0", "\u{7f}", "a\rb"] {
            assert!(Request::get("/").header("x", value).check().is_err(), "{value}");
        }
        assert!(Request::get("/").header("X-Draft_1", "").header("x", "\tall ~ that \"can\" be seen").check().is_ok());
        assert!(matches!(Request::get("/").bearer_auth("t").check(), Err(Error::InvalidRequest(_))));
        assert!(Request::get("/").query("text").check().is_err(), "a query of no pairs");
    }

    #[test]
    fn case_46_a_content_type_replaces_the_earlier_one_in_any_order() {
        let types = |request: Request| {
            let types = request.header_pairs().filter(|(name, _)| *name == "content-type").map(|(_, value)| value.to_owned());
            types.collect::<Vec<_>>()
        };
        let patch = "application/merge-patch+json";
        let mut map = HeaderMap::new();
        map.insert("content-type", http::HeaderValue::from_static(patch));
        for request in [
            Request::patch("/x").json(&1).header("Content-Type", patch),
            Request::patch("/x").header("Content-Type", patch).json(&1),
            Request::patch("/x").json(&1).headers(map),
        ] {
            assert_eq!(types(request), [patch]);
        }
    }

    #[test]
    fn case_46_a_repeated_header_stays_repeated() {
        let mut map = HeaderMap::new();
        map.append("x-tag", http::HeaderValue::from_static("c"));
        let request = Request::get("/").header("X-Tag", "a").header(http::header::ACCEPT, "text/plain").header("x-tag", "b").headers(map);
        let pairs: Vec<_> = request.header_pairs().collect();
        assert_eq!(pairs, [("x-tag", "a"), ("accept", "text/plain"), ("x-tag", "b"), ("x-tag", "c")]);
    }

    #[test]
    fn debug_shows_no_secret() {
        let request = Request::post("/x?token=secret").header("authorization", "secret").text("secret").query(&[("t", "secret")]);
        assert!(!format!("{request:?}").contains("secret"), "{request:?}");
        for url in ["https://ada:secret@example.com/x", "//secret@example.com/x#secret", "https://ada:sec@secret@example.com/x?t=a@b"] {
            assert!(!format!("{:?}", Request::get(url)).contains("sec"), "{url}");
        }
        assert_eq!(redacted("https://example.com/x?y#z"), "https://example.com/x");
    }

    #[test]
    fn a_query_is_added_before_the_fragment() {
        let request = Request::get("").query(&[("q", "a&b")]).query(&[("r", "1")]);
        assert_eq!(request.with_query("https://a/b#c"), "https://a/b?q=a%26b&r=1#c");
        assert_eq!(request.with_query("https://a/b?x=1"), "https://a/b?x=1&q=a%26b&r=1");
        assert_eq!(Request::get("").with_query("https://a/b#c"), "https://a/b#c");
    }
}
