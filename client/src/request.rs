//! A description of a request that can be sent twice; the browser's own request is built from it for each sending.

use crate::{body::Body, error::Error, multipart::Multipart, platform::Address};
use http::Method;
use serde::Serialize;
use std::{fmt, time::Duration};

/// What to send. Built like gloo-net's; what is wrong with it is told when it is sent.
///
/// ```
/// use wugan::Request;
/// let request = Request::post("/notes").header("x-draft", "1").json(&["milk", "bread"]);
/// ```
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) query: Vec<(String, String)>,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) deadline: Option<Duration>,
    pub(crate) try_timeout: Option<Duration>,
    pub(crate) anonymous: bool,
    pub(crate) keepalive: bool,
    stays: bool,
    problem: Option<Error>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).field("path", &showable(&self.url)).finish_non_exhaustive()
    }
}

/// What may be shown of a URL: a name with a password may come before its host, and its query may hold anything.
pub(crate) fn showable(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    url.rsplit('@').next().unwrap_or_default()
}

impl Request {
    /// A request with any method.
    pub fn new(method: Method, url: impl Into<String>) -> Request {
        Request {
            method,
            url: url.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::empty(),
            deadline: None,
            try_timeout: None,
            anonymous: false,
            keepalive: false,
            stays: false,
            problem: None,
        }
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

    /// Adds a header. An `Authorization` set here is left alone: nothing is attached, nothing refreshed for it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Request {
        if !is_header_name(name) {
            self.refuse(Error::Invalid(format!("“{name}” is no header name")));
        } else if !is_header_value(value) {
            self.refuse(Error::Invalid(format!("the value of the header {name} has a character that no header may have: encode it")));
        } else {
            self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        self
    }

    /// Adds to the query, encoded as a form's.
    #[must_use]
    pub fn query<K: Into<String>, V: Into<String>>(mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Request {
        self.query.extend(pairs.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Request {
        match serde_json::to_string(value) {
            Ok(text) => self.json_text(text),
            Err(error) => {
                self.refuse(Error::Invalid(format!("the body is no JSON: {error}")));
                self
            }
        }
    }

    /// …that is written already.
    pub(crate) fn json_text(self, text: String) -> Request {
        self.typed("application/json", Body::text(text))
    }

    /// A text body.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Request {
        self.typed("text/plain;charset=UTF-8", Body::text(text.into()))
    }

    /// A form's body, `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, pairs: impl IntoIterator<Item = (K, V)>) -> Request {
        self.typed("application/x-www-form-urlencoded", Body::text(encode_form(pairs)))
    }

    /// A form's body with files in it, `multipart/form-data`: the same bytes at each sending, its boundary included.
    #[must_use]
    pub fn multipart(mut self, form: impl Into<Multipart>) -> Request {
        let form = form.into();
        let content_type = form.content_type();
        match form.body() {
            Ok(body) => {
                // Another type than the one that names the boundary would make the body unreadable.
                self.headers.retain(|(name, _)| name != CONTENT_TYPE);
                self.header(CONTENT_TYPE, &content_type).body(body)
            }
            Err(error) => {
                self.refuse(error);
                self
            }
        }
    }

    /// A body of bytes.
    #[must_use]
    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Request {
        self.body(Body::bytes(bytes.into()))
    }

    /// Any body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Request {
        self.body = body;
        self
    }

    /// The whole time that this request may take: waiting for a refresh, the refresh, the second sending and reading the body
    /// included. The time between the answer and reading its body is the caller's own, and does not count.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Request {
        self.deadline = Some(deadline);
        self
    }

    /// How long each of its sendings, of which there are two at most, may wait for an answer; then it ends in [`Error::Timeout`].
    #[must_use]
    pub fn try_timeout(mut self, timeout: Duration) -> Request {
        self.try_timeout = Some(timeout);
        self
    }

    /// Goes without a token, and a 401 to it is just an answer. For signing in and for public routes.
    #[must_use]
    pub fn anonymous(mut self) -> Request {
        self.anonymous = true;
        self
    }

    /// May outlive the page (`fetch`'s `keepalive`).
    #[must_use]
    pub fn keepalive(mut self) -> Request {
        self.keepalive = true;
        self
    }

    /// Follows no redirect: a refresh token goes where the grant says and nowhere else, and nobody else answers for it.
    #[must_use]
    pub(crate) fn stays(mut self) -> Request {
        self.stays = true;
        self
    }

    fn typed(mut self, content_type: &'static str, body: Body) -> Request {
        if !self.has(CONTENT_TYPE) {
            self.headers.push((CONTENT_TYPE.to_owned(), content_type.to_owned()));
        }
        self.body(body)
    }

    fn refuse(&mut self, problem: Error) {
        self.problem.get_or_insert(problem);
    }

    /// Whether the caller set a header.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(set, _)| set == name)
    }

    /// What was wrong in building it, if anything.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.problem.clone().map_or(Ok(()), Err)
    }

    /// The headers, for platforms.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The method, for platforms.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Whether it may outlive the page, for platforms.
    #[must_use]
    pub fn outlives_page(&self) -> bool {
        self.keepalive
    }

    /// Whether a redirect is followed, for platforms. If not, it is an error of the network.
    #[must_use]
    pub fn follows_redirects(&self) -> bool {
        !self.stays
    }

    /// The address with the query added.
    pub(crate) fn with_query(&self, mut address: Address) -> Address {
        if !self.query.is_empty() {
            let (href, fragment) = match address.href.split_once('#') {
                Some((href, fragment)) => (href, Some(fragment)),
                None => (address.href.as_str(), None),
            };
            let joint = if href.contains('?') { '&' } else { '?' };
            let mut whole = format!("{href}{joint}{}", encode_form(self.query.iter().map(|(name, value)| (name, value))));
            if let Some(fragment) = fragment {
                whole.push('#');
                whole.push_str(fragment);
            }
            address.href = whole;
        }
        address
    }
}

const CONTENT_TYPE: &str = "content-type";

/// A token (RFC 9110 §5.1, §5.6.2).
fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// What can be seen, blanks and tabs (RFC 9110 §5.5). Anything but ASCII would be sent as Latin-1, which is not what its writer meant.
pub(crate) fn is_header_value(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
}

/// Encodes pairs as `application/x-www-form-urlencoded` (WHATWG URL §5.2).
fn encode_form<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    form.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_makes_no_sense_is_told_at_sending() {
        assert!(matches!(Request::get("/").header("a b", "c").check(), Err(Error::Invalid(_))));
        let wrong = Request::get("/").header("x", "line\nbreak").check();
        assert!(matches!(&wrong, Err(Error::Invalid(why)) if !why.contains("break")), "{wrong:?}");
        for name in ["", "a:b", "a\nb", "ü", "a/b"] {
            assert!(Request::get("/").header(name, "1").check().is_err(), "{name}");
        }
        for value in ["ü", "無", "\0", "\u{7f}", "a\rb"] {
            assert!(Request::get("/").header("x", value).check().is_err(), "{value}");
        }
        assert!(Request::get("/").header("X-Draft_1", "").header("x", "\tall ~ that \"can\" be seen").check().is_ok());
    }

    #[test]
    fn debug_shows_no_secret() {
        let request = Request::post("/x?token=secret").header("authorization", "secret").text("secret").query([("t", "secret")]);
        assert!(!format!("{request:?}").contains("secret"), "{request:?}");
        for url in ["https://ada:secret@example.com/x", "//secret@example.com/x#secret", "https://ada:sec@secret@example.com/x?t=a@b"] {
            assert!(!format!("{:?}", Request::get(url)).contains("sec"), "{url}");
        }
        assert_eq!(showable("https://example.com/x?y#z"), "https://example.com/x");
    }

    #[test]
    fn a_query_is_added_before_the_fragment() {
        let address = |href: &str| Address { href: href.into(), origin: String::new(), path: String::new() };
        let request = Request::get("").query([("q", "a&b")]);
        assert_eq!(request.with_query(address("https://a/b#c")).href, "https://a/b?q=a%26b#c");
        assert_eq!(request.with_query(address("https://a/b?x=1")).href, "https://a/b?x=1&q=a%26b");
    }
}
