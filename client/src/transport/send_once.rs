//! Sends one request once: resolves its URL, attaches the token, and notes when the response was sent.

use crate::{
    error::Error,
    http::{Request, Response, header::is_header_value, redacted::redacted},
    platform::{Address, Host, PlatformRequest, body::Body, within},
    time::{clock::Clock, date::parse_date, timestamp::Timestamp},
};
use futures::{FutureExt, future::LocalBoxFuture};
#[cfg(feature = "dpop")]
use std::rc::Rc;
use std::time::Duration;
use web_sys::RequestRedirect;

pub(crate) const AUTHORIZATION: &str = "authorization";

/// Browsers refuse such a header, or send other characters.
pub(crate) const UNSENDABLE_TOKEN: &str =
    "the access token has characters that a header cannot carry: the server must issue printable ASCII (RFC 6749 §A.12)";

pub(crate) struct Transport {
    pub(crate) platform: Host,
    pub(crate) clock: Clock,
    base: String,
    /// The base when the client was built, as an absolute URL.
    first_base: String,
    /// Put in front of relative URLs.
    prefix: String,
    auth_header: String,
    defaults: Defaults,
    #[cfg(feature = "dpop")]
    pub(crate) dpop: Option<Rc<crate::dpop::Dpop>>,
}

/// Set the client's options in a request that does not set them itself. Closures, so that an app downloads the options that it sets.
pub(crate) type Defaults = Vec<Box<dyn Fn(Request) -> Request>>;

impl Transport {
    pub(crate) fn new(platform: Host, base: String, prefix: String, auth_header: String, defaults: Defaults) -> Transport {
        Transport {
            clock: Clock::new(platform.clone()),
            first_base: platform.resolve(&base, "").map(|address| address.href).unwrap_or_default(),
            platform,
            base,
            prefix,
            auth_header,
            defaults,
            #[cfg(feature = "dpop")]
            dpop: None,
        }
    }

    #[cfg(feature = "dpop")]
    pub(crate) fn with_dpop(self, dpop: Option<Rc<crate::dpop::Dpop>>) -> Transport {
        Transport { dpop, ..self }
    }

    /// Whether tokens are bound to a key (DPoP, RFC 9449).
    pub(crate) fn has_dpop(&self) -> bool {
        #[cfg(feature = "dpop")]
        return self.dpop.is_some();
        #[cfg(not(feature = "dpop"))]
        false
    }

    /// Resolves a URL as `fetch` does, against the base URL.
    pub(crate) fn resolve(&self, url: &str) -> Result<Address, Box<Error>> {
        self.resolve_at(&self.base, url)
    }

    fn resolve_at(&self, base: &str, url: &str) -> Result<Address, Box<Error>> {
        let address = self.platform.resolve(base, url);
        address.ok_or_else(|| Error::InvalidRequest(format!("“{}” is not a URL", redacted(url))).into())
    }

    /// Checks a request and resolves its URL with prefix and query.
    pub(crate) fn address(&self, request: &Request) -> Result<Address, Box<Error>> {
        self.address_at(&self.base, request)
    }

    /// Like [`address`](Self::address), for a request with a refresh token: a `<base>` that the page has got since the client was built
    /// does not count.
    pub(crate) fn token_address(&self, request: &Request) -> Result<Address, Box<Error>> {
        self.address_at(&self.first_base, request)
    }

    fn address_at(&self, base: &str, request: &Request) -> Result<Address, Box<Error>> {
        request.check()?;
        let url = &*request.parts.url;
        let mut address = match &*self.prefix {
            prefix if !prefix.is_empty() && !names_host(url) => self.resolve_at(base, &format!("{prefix}/{}", without_slashes(url)))?,
            _ => self.resolve_at(base, url)?,
        };
        address.href = request.with_query(&address.href);
        Ok(address)
    }

    pub(crate) fn with_defaults(&self, request: Request) -> Request {
        self.defaults.iter().fold(request, |request, default| default(request))
    }

    /// Whether the request sets the header that carries the token.
    pub(crate) fn sets_auth_header(&self, request: &Request) -> bool {
        request.has_header(&self.auth_header)
    }

    /// Builds the body of a request and sends it once, with DPoP with a proof. A refresh is sent only while it is needed, which is asked
    /// when the proof has been made.
    pub(crate) async fn fetch_once(
        &self,
        request: &Request,
        address: &Address,
        is_needed: Option<&dyn Fn() -> bool>,
    ) -> Result<Response, Box<Error>> {
        let body = self.check_body(request.parts.body.build())?;
        #[cfg(feature = "dpop")]
        if let Some(dpop) = &self.dpop {
            return dpop.send(self, request, body, address, None, is_needed).await;
        }
        // Without a proof, no time passes until it is sent.
        let _ = is_needed;
        self.send_once(request, body, address, None).await
    }

    /// Whether this browser can send a body.
    pub(crate) fn check_body(&self, body: Body) -> Result<Body, Box<Error>> {
        if body.stream_support().is_some_and(|detect| !self.platform.sends_streams(detect)) {
            let advice = "this browser cannot send a stream as a body: send a Blob, or collect the bytes first";
            return Err(Error::InvalidRequest(advice.into()).into());
        }
        Ok(body)
    }

    /// Sends a request once, with a body that was built and checked.
    pub(crate) fn send_once<'a>(
        &'a self,
        request: &'a Request,
        body: Body,
        address: &'a Address,
        token: Option<&'a str>,
    ) -> LocalBoxFuture<'a, Result<Response, Box<Error>>> {
        #[cfg(feature = "dpop")]
        if let (Some(dpop), Some(_)) = (&self.dpop, token) {
            return dpop.send(self, request, body, address, token, None);
        }
        self.send_authorized(request, body, address, token.map(|token| ("Bearer", token)), None)
    }

    /// Sends a request once, with a token of this scheme, and a proof of the key that it is bound to.
    pub(crate) fn send_authorized<'a>(
        &'a self,
        request: &'a Request,
        body: Body,
        address: &'a Address,
        token: Option<(&'a str, &'a str)>,
        proof: Option<String>,
    ) -> LocalBoxFuture<'a, Result<Response, Box<Error>>> {
        Box::pin(async move {
            let header = if request.parts.is_for_provider { AUTHORIZATION } else { &*self.auth_header };
            let authorization = token.map(|(scheme, token)| (header, format!("{scheme} {token}")));
            if authorization.as_ref().is_some_and(|(_, value)| !is_header_value(value)) {
                return Err(Error::InvalidRequest(UNSENDABLE_TOKEN.into()).into());
            }
            let sent = self.clock.now();
            let response =
                self.platform.fetch(PlatformRequest { address, request: &request.parts.head, body, authorization, proof }).await?;
            // A cache adds `Age` to a stored response, whose `Date` is that of its creation (RFC 9111 §5.1).
            let date = if response.header("age").is_none() { response.header("date") } else { None };
            let sent_at = Timestamp::from_round_trip(sent, self.clock.now(), date.as_deref().and_then(parse_date));
            Ok(Response::new(response, address.href.clone(), sent_at))
        })
    }

    /// Lets a future run for at most `time`, if it is limited.
    pub(crate) fn within<'a, T: 'a>(
        &self,
        time: Option<Duration>,
        future: LocalBoxFuture<'a, Result<T, Box<Error>>>,
    ) -> LocalBoxFuture<'a, Result<T, Box<Error>>> {
        match time {
            Some(time) => within(&self.platform, time, future).map(Result::flatten).boxed_local(),
            None => future,
        }
    }
}

/// Whether a URL has a host of its own: `//host`, or `scheme://host` (RFC 3986 §3).
pub(crate) fn names_host(url: &str) -> bool {
    let is_of_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let after_scheme = &url.as_bytes()[url.bytes().take_while(is_of_scheme).count()..];
    after_scheme.starts_with(b"://") || url.starts_with("//") || url.starts_with("blob:")
}

fn without_slashes(path: &str) -> &str {
    path.strip_prefix('/').map_or(path, without_slashes)
}

/// When a response was sent. One that may come out of a cache does not show the server's time.
pub(crate) fn issued_at(response: &Response, may_be_cached: bool) -> Timestamp {
    let sent_at = response.sent_at();
    Timestamp { server: sent_at.server.filter(|_| !may_be_cached), ..sent_at }
}

/// A refresh token goes to the token endpoint only, and no other server answers for it.
pub(crate) fn without_redirects(request: Request) -> Request {
    if request.options().redirect.is_none() { request.redirect(RequestRedirect::Error) } else { request }
}
