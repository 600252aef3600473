//! Settings of a client.

#[cfg(feature = "dpop")]
use crate::dpop::Dpop;
use crate::{
    client::{Client, Inner},
    error::Error,
    gate::Gate,
    grant::{Exchange, Json, RefreshGrant},
    http::{Request, Response, header::is_header_name, redacted::redacted},
    platform::{Host, Storage, default_platform, in_memory::in_memory, storage_of},
    session::{Migration, Session, Settings, in_flight::ResumeSlot},
    transport::send_once::{AUTHORIZATION, Defaults, Transport, names_host, without_redirects},
};
use http::StatusCode;
use std::{cell::Cell, fmt, rc::Rc, time::Duration};
use web_sys::RequestCredentials;

/// The longest time that a running tab holds the lock in addition to the exchange: the settle time, the check of a rejection, and the
/// storage's lag.
const LOCK_OVERHEAD: Duration = Duration::from_secs(4);

/// Builds a [`Client`].
///
/// ```no_run
/// # fn example() -> Result<(), wugan::Error> {
/// use std::time::Duration;
/// use wugan::{Client, grant::OAuth2};
///
/// let client = Client::builder("https://api.example.com")
///     .grant(OAuth2::new("https://login.example.com/token", "my-app"))
///     .allow_origin("https://files.example.com")
///     .timeout(Duration::from_secs(20))
///     .build()?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct ClientBuilder {
    base: String,
    prefix: String,
    grant: Box<dyn RefreshGrant>,
    allowed_origins: Vec<String>,
    attempt_timeout: Option<Duration>,
    is_unauthorized: Box<dyn Fn(&Response) -> bool>,
    auth_header: String,
    defaults: Defaults,
    storage_key: Option<String>,
    settings: Settings,
    /// A pointer, so that an app that stores its sessions does not download the function.
    in_memory: Option<fn() -> Rc<dyn Storage>>,
    #[cfg(feature = "dpop")]
    dpop: bool,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("base", &redacted(&self.base)).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for a backend, with the session that this browser stores for it. Relative URLs are resolved against the base URL;
    /// an empty one is the page's.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for a base URL without an origin, or with a path that does not end in a slash.
    pub fn new(base: &str) -> Result<Client, Error> {
        Client::builder(base).build()
    }

    /// A client with other settings.
    pub fn builder(base: &str) -> ClientBuilder {
        ClientBuilder {
            base: base.to_owned(),
            prefix: String::new(),
            grant: Box::new(Json::default()),
            allowed_origins: Vec::new(),
            attempt_timeout: None,
            is_unauthorized: Box::new(|response| response.status() == StatusCode::UNAUTHORIZED),
            auth_header: AUTHORIZATION.to_owned(),
            defaults: Vec::new(),
            storage_key: None,
            settings: Settings {
                storage_key: String::new(),
                timeout: Duration::from_secs(30),
                refresh_timeout: Duration::from_secs(10),
                lock_timeout: Duration::from_secs(15),
                auto_refresh: true,
                is_in_memory: false,
                migration: None,
            },
            in_memory: None,
            #[cfg(feature = "dpop")]
            dpop: false,
        }
    }
}

impl ClientBuilder {
    /// Whether the tokens are bound to a key that cannot leave this browser (DPoP, RFC 9449), so that a copy of them is worthless. The
    /// server must support it, and name it in the member `token_type` of its token responses. A session without the key ends with
    /// [`SignOutReason::KeyLost`](crate::SignOutReason::KeyLost). Default: no.
    #[cfg(feature = "dpop")]
    pub fn dpop(mut self, dpop: bool) -> ClientBuilder {
        self.dpop = dpop;
        self
    }

    /// How tokens are renewed. Default: [`Json`], as wugan-server does it.
    pub fn grant(mut self, grant: impl RefreshGrant) -> ClientBuilder {
        self.grant = Box::new(grant);
        self
    }

    /// Another origin that receives the access token, besides that of the base URL. Give the origin's URL.
    pub fn allow_origin(mut self, url: &str) -> ClientBuilder {
        self.allowed_origins.push(url.to_owned());
        self
    }

    /// A path in front of all relative URLs, the grant's included: with `/v1`, both `notes` and `/notes` are `/v1/notes`.
    pub fn prefix(mut self, prefix: &str) -> ClientBuilder {
        self.prefix = format!("/{}", prefix.trim_matches('/'));
        if self.prefix == "/" {
            self.prefix.clear();
        }
        self
    }

    /// Limits how long a request without a timeout of its own waits for the session and for the response head. Default: 30 s. Sending a body of
    /// 64 KiB or more may take a second longer for each 2 KiB, so that only a stalled one is cut. With DPoP, the limit includes the
    /// repetition that a server's nonce requires. Sending a stream may take any time: set a timeout in its request.
    pub fn timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.settings.timeout = timeout;
        self
    }

    /// Limits each sending of a request until its response head arrives. Default: no limit but the timeout.
    pub fn attempt_timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Limits one exchange with the token endpoint. Default: 10 s.
    pub fn refresh_timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.settings.refresh_timeout = timeout;
        self
    }

    /// How long another tab may hold the lock before it is taken for suspended. At least 4 s longer than the refresh timeout, so that
    /// a working tab never is. Default: 15 s.
    pub fn lock_timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.settings.lock_timeout = timeout;
        self
    }

    /// Whether a visible page renews its token in the background. Default: yes. Without that, a session that cannot be renewed counts as signed
    /// in until a request finds its access token expired.
    pub fn auto_refresh(mut self, auto_refresh: bool) -> ClientBuilder {
        self.settings.auto_refresh = auto_refresh;
        self
    }

    /// The key in localStorage. Default: `wugan:` and the URL of the token endpoint, for OAuth 2.0 with the client id and the parameters
    /// `resource` and `audience`, so that clients of one backend share a session and clients of different backends do not.
    pub fn storage_key(mut self, key: &str) -> ClientBuilder {
        self.storage_key = Some(key.to_owned());
        self
    }

    /// Takes over, once, the session that version 0.1 of this library stored under this key (`wugan.session` by default). Such a record
    /// does not name its backend: set this only for the client of the backend that issued its tokens.
    pub fn migrate_from(mut self, key: &str) -> ClientBuilder {
        self.settings.migration = Some(Migration { key: key.to_owned(), start: Session::start_migration });
        self
    }

    /// Keeps the session in this client's memory: it is not stored, not shared with other tabs or clients, and ends with the page.
    pub fn in_memory(mut self) -> ClientBuilder {
        self.settings.is_in_memory = true;
        self.in_memory = Some(in_memory);
        self
    }

    /// Which responses mean that the access token was refused. Default: status 401. It sees status, headers and URL.
    pub fn is_unauthorized(mut self, predicate: impl Fn(&Response) -> bool + 'static) -> ClientBuilder {
        self.is_unauthorized = Box::new(predicate);
        self
    }

    /// The header that carries the token, for instance because a proxy uses `Authorization` itself. Default: `Authorization`.
    ///
    /// Browsers remove only `Authorization` when a redirect leads to another origin
    /// (<https://fetch.spec.whatwg.org/#http-redirect-fetch>), so with another header a redirect is an error, unless a request sets
    /// [`redirect`](crate::RequestBuilder::redirect).
    pub fn auth_header(mut self, name: &str) -> ClientBuilder {
        self.auth_header = name.to_ascii_lowercase();
        if self.auth_header == AUTHORIZATION { self } else { self.with_default(without_redirects) }
    }

    /// Whether cookies are sent and stored, for requests that do not say so themselves. Default: the browser's, same origin only. It does
    /// not hold for requests to an OAuth or OpenID provider.
    pub fn credentials(self, credentials: RequestCredentials) -> ClientBuilder {
        self.with_default(move |request| match request.options().credentials {
            Some(_) => request,
            None => request.credentials(credentials),
        })
    }

    fn with_default(mut self, default: impl Fn(Request) -> Request + 'static) -> ClientBuilder {
        self.defaults.push(Box::new(default));
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for a base URL without an origin or with a path that does not end in a slash, an allowed origin that
    /// is not a URL, a header name that is none, and a grant whose refresh request cannot be built.
    pub fn build(self) -> Result<Client, Error> {
        self.build_on(default_platform())
    }

    /// Builds the client on another platform, for `wugan-testing`.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    #[doc(hidden)]
    pub fn build_on(mut self, platform: Host) -> Result<Client, Error> {
        let storage: Rc<dyn Storage> = self.in_memory.map_or_else(|| storage_of(&platform), |in_memory| in_memory());
        let defaults = std::mem::take(&mut self.defaults);
        let transport = Transport::new(platform.clone(), self.base.clone(), self.prefix.clone(), self.auth_header.clone(), defaults);
        let (allowed_origins, issuer, issuer_origin) = self.check(&transport)?;
        let mut settings = self.settings;
        settings.storage_key = self.storage_key.unwrap_or_else(|| format!("wugan:{issuer}"));
        settings.lock_timeout = settings.lock_timeout.max(settings.refresh_timeout.saturating_add(LOCK_OVERHEAD));
        #[cfg(feature = "dpop")]
        let transport = transport.with_dpop(self.dpop.then(|| Rc::new(Dpop::new(platform.clone(), &settings.storage_key))));
        let session = Session::open(transport, storage, self.grant, settings, issuer, issuer_origin);
        Ok(Client(Rc::new(Inner {
            session,
            allowed_origins,
            attempt_timeout: self.attempt_timeout,
            is_unauthorized: self.is_unauthorized,
            gate: Gate::new(platform),
            requests: Cell::new(0),
            resuming: ResumeSlot::default(),
        })))
    }

    /// The allowed origins, the issuer, and the issuer's origin.
    fn check(&self, transport: &Transport) -> Result<(Vec<String>, String, String), Box<Error>> {
        let refuse = |advice: String| Box::new(Error::InvalidRequest(advice));
        if !is_header_name(&self.auth_header) {
            return Err(refuse(format!("“{}” is not a header name (RFC 9110 §5.1)", self.auth_header)));
        }
        // <https://w3c.github.io/web-locks/#dom-lockmanager-request>
        if self.storage_key.as_ref().is_some_and(|key| key.starts_with('-')) {
            return Err(refuse("browsers refuse a lock whose name begins with “-”: choose another storage key".to_owned()));
        }
        let check_host = |what: &str, url: &str| {
            if names_host(url) { Ok(()) } else { Err(refuse(format!("the {what} {} names no host: write https://{0}", redacted(url)))) }
        };
        if !self.base.is_empty() && !self.base.starts_with('/') {
            check_host("base URL", &self.base)?;
        }
        let base = transport.resolve(&self.base)?;
        let origin = if self.base.is_empty() { transport.resolve("/")?.origin } else { base.origin };
        if !self.base.is_empty() && !base.path.ends_with('/') {
            let (base, path) = (redacted(&self.base), base.path);
            return Err(refuse(format!(
                "the path {path} of the base URL {base} would be dropped: use .prefix(\"{path}\"), or end the URL in a slash"
            )));
        }
        let token_endpoint = transport.token_address(&self.grant.refresh(&Exchange { refresh_token: "", attempt: "" }))?;
        let mut issuer = format!("{}{}", token_endpoint.origin, token_endpoint.path);
        if let Some(id) = self.grant.storage_key_suffix() {
            issuer = format!("{issuer}#{id}");
        }
        let mut allowed_origins = vec![origin];
        for url in &self.allowed_origins {
            check_host("allowed origin", url)?;
            allowed_origins.push(transport.resolve(url)?.origin);
        }
        // The origin of a file URL: `null`, or `file://` in Chromium.
        if allowed_origins.iter().any(|origin| matches!(&**origin, "null" | "file://")) {
            return Err(refuse("the base URL has no origin that a token could be sent to: give an http or https URL".to_owned()));
        }
        Ok((allowed_origins, issuer, token_endpoint.origin))
    }
}
