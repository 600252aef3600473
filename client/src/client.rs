//! The request path: attach the token, send, and on a 401 renew the token and replay once.

use crate::{
    error::Error,
    gate::Gate,
    grant::{RefreshOutcome, TokenResponse},
    http::{Request, Response, abort::Sending},
    platform::{Address, body::Body},
    rules::{Rule, is_broken},
    session::{
        Session,
        event::{Fact, RefreshTrigger},
        in_flight::ResumeSlot,
        refusals::Route,
    },
    storage::{
        lock::{Lock, STORE_LAG},
        record::Credential,
    },
    time::timestamp::milliseconds,
    tokens::Freshness,
    transport::send_once::{Transport, issued_at},
};
use futures::future::LocalBoxFuture;
use http::Method;
use std::{cell::Cell, fmt, rc::Rc, time::Duration};

/// Sends requests with the session's access token and renews it silently. Cheap to clone; all clones share one session.
///
/// A path in the base URL is not kept in front of URLs with a leading slash: with the base `https://host/v1/`, `notes` is
/// `https://host/v1/notes` and `/notes` is `https://host/notes`, as in a page's links. For an API below a path use
/// [`prefix`](crate::ClientBuilder::prefix): `Client::builder("https://host").prefix("/v1")`.
///
/// ```no_run
/// # async fn example() -> Result<(), wugan::Error> {
/// use wugan::{Client, SignIn};
///
/// let client = Client::new("https://api.example.com")?;
/// match client.post("/user/login").json(&serde_json::json!({ "username": "ada", "password": "correct horse" })).sign_in().await? {
///     SignIn::Done(_) => {}
///     SignIn::Refused(response) => println!("{}", response.text().await?),
/// }
/// let notes: Vec<String> = client.get("/notes").send().await?.error_for_status()?.json().await?;
/// # drop(notes);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(pub(crate) Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) session: Session,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) is_unauthorized: Box<dyn Fn(&Response) -> bool>,
    pub(crate) gate: Gate,
    pub(crate) requests: Cell<u64>,
    pub(crate) resuming: ResumeSlot,
}

/// A request under way.
struct Call<'a> {
    id: u64,
    request: &'a Request,
    address: Address,
}

impl Call<'_> {
    fn route(&self) -> Route<'_> {
        [&self.address.origin, &self.address.path]
    }
}

/// The result of a sign-in. A wrong password is no error, so this must be looked at:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # async fn example(client: wugan::Client) -> Result<(), wugan::Error> {
/// client.post("/user/login").sign_in().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "the server may have refused"]
pub enum SignIn {
    /// The user is signed in. The body can still be read, for instance for a profile.
    Done(Response),
    /// The server refused with a 4xx status; its response says why.
    Refused(Response),
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("allowed_origins", &self.0.allowed_origins).finish_non_exhaustive()
    }
}

/// A request of a client.
pub type RequestBuilder<C = Client> = Request<C>;

impl Request<Client> {
    /// Sends the request. See [`Client::send`].
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn send(self) -> LocalBoxFuture<'static, Result<Response, Error>> {
        let (request, client) = self.bind(());
        client.send(request)
    }

    /// Sends the request without a token and starts a session with the tokens in the response, which the client's
    /// [grant](crate::grant) reads. It replaces a present session as [`Session::sign_in`](crate::Session::sign_in) does.
    ///
    /// # Errors
    /// As [`Client::send`]; [`Error::Status`] for a failure that is not the user's, such as 500; [`Error::Decode`] if a success
    /// contains no tokens.
    pub async fn sign_in(self) -> Result<SignIn, Error> {
        let (mut request, client) = self.bind(());
        let session = &client.0.session;
        let platform = &session.0.transport.platform;
        let begun = platform.monotonic();
        let timeout = request.parts.timeout.unwrap_or(session.0.settings.timeout);
        let mut lock = None;
        // Its output is that of reading a body, so that both share the code of the timeout.
        let acquiring = async {
            lock = session.acquire_cookie_lock().await;
            Ok(())
        };
        session.0.transport.within(Some(timeout), Box::pin(acquiring)).await?;
        if let Some(timeout) = &mut request.parts.timeout {
            *timeout = timeout.saturating_sub(milliseconds(platform.monotonic() - begun));
        }
        let signed_in = client.sign_in_if(request, |_| true, &lock).await;
        if matches!(signed_in, Ok(SignIn::Done(_))) {
            session.release(lock);
        }
        signed_in
    }
}

impl Client {
    /// Like [`sign_in`](RequestBuilder::sign_in), under the lock of the cookie, but starts no session if the tokens are no longer wanted when
    /// they arrive.
    pub(crate) async fn sign_in_if(
        &self,
        request: Request,
        is_wanted: fn(&Session) -> bool,
        lock: &Option<Rc<Lock>>,
    ) -> Result<SignIn, Error> {
        let may_be_cached = request.may_be_cached();
        // A timeout of the request limits the body, too.
        let limit = request.parts.timeout.is_none().then_some(self.0.session.0.settings.timeout);
        let mut response = self.send_sign_in(request).await?;
        if response.status().is_client_error() {
            return Ok(SignIn::Refused(response));
        }
        if !response.status().is_success() {
            return Err(response.status_error());
        }
        let session = &self.0.session;
        session.0.transport.within(limit, response.buffer()).await?;
        match session.parse_sign_in(&TokenResponse::new(&response)) {
            RefreshOutcome::Granted(tokens) => {
                let sent_at = issued_at(&response, may_be_cached);
                if session.is_late(&sent_at) {
                    // This tab was suspended, and may not see yet what other tabs have written meanwhile.
                    session.0.transport.platform.sleep(STORE_LAG).await;
                }
                if is_wanted(session) {
                    session.begin(None, tokens, sent_at);
                } else {
                    session.revoke_discarded(None, &tokens, &sent_at, lock);
                }
            }
            RefreshOutcome::Unavailable(reason) => {
                #[cfg(feature = "dpop")]
                session.revoke_unused(&TokenResponse::new(&response), lock);
                return Err(response.decode_error(reason));
            }
            RefreshOutcome::Rejected => return Err(response.decode_error("the grant reads it as a rejection: check its parse")),
        }
        Ok(SignIn::Done(response))
    }

    /// Sends a sign-in. With DPoP it carries a proof, to whose key the server binds the tokens.
    async fn send_sign_in(&self, request: Request) -> Result<Response, Error> {
        #[cfg(feature = "dpop")]
        if let Some(dpop) = &self.0.session.0.transport.dpop {
            let transport = &self.0.session.0.transport;
            let request = transport.with_defaults(request);
            let address = transport.address(&request)?;
            let sending = async {
                dpop.make_key().await?;
                transport.fetch_once(&request, &address, None).await
            };
            return Ok(self.within_limits(&request, Box::pin(sending)).await?);
        }
        self.send(request.anonymous()).await
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    /// Builds a GET.
    pub fn get(&self, url: impl Into<String>) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Builds a POST.
    pub fn post(&self, url: impl Into<String>) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Builds a PUT.
    pub fn put(&self, url: impl Into<String>) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Builds a PATCH.
    pub fn patch(&self, url: impl Into<String>) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Builds a DELETE.
    pub fn delete(&self, url: impl Into<String>) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Builds a HEAD.
    pub fn head(&self, url: impl Into<String>) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Builds a request with any method.
    pub fn request(&self, method: Method, url: impl Into<String>) -> RequestBuilder {
        Request::new(method, url).bind(self.clone()).0
    }

    /// Sends a request. If its token is refused, it waits for the shared refresh and is sent once more. Every response is a success
    /// here, also with an error status; a second 401 is returned as it is.
    ///
    /// # Errors
    /// [`Error::SignedOut`] if the session turned out to have ended, [`Error::SessionChanged`] if another user signed in meanwhile,
    /// [`Error::Unavailable`] if the token could not be renewed, [`Error::Timeout`], [`Error::Network`], [`Error::Aborted`],
    /// [`Error::NotReplayable`], [`Error::InvalidRequest`].
    pub fn send(&self, request: Request) -> LocalBoxFuture<'static, Result<Response, Error>> {
        let client = self.clone();
        // Boxed, so that the code of a request is not compiled again in each program.
        Box::pin(async move {
            let Inner { session, requests, .. } = &*client.0;
            let transport = &session.0.transport;
            let request = transport.with_defaults(request);
            let address = transport.address(&request)?;
            requests.set(requests.get() + 1);
            let call = Call { id: requests.get(), request: &request, address };
            let result = client.within_limits(&request, Box::pin(client.send_with_auth(&call))).await;
            session.emit(&Fact::Settled { request: call.id, result: &result });
            Ok(result?)
        })
    }

    /// Lets a request run within its timeout, and until its signal.
    async fn within_limits<'a>(&'a self, request: &'a Request, mut sending: Sending<'a>) -> Result<Response, Box<Error>> {
        let Transport { platform, .. } = &self.0.session.0.transport;
        // The default timeout is for waiting. How long a large body takes to upload depends on the network: its sending is limited by size.
        let default = (!request.parts.body.may_be_large()).then_some(self.0.session.0.settings.timeout);
        let begun = platform.monotonic();
        if let Some((signal, unless_aborted)) = request.options().signal.as_ref().zip(request.parts.unless_aborted) {
            sending = unless_aborted(signal, sending);
        }
        let mut response = self.0.session.0.transport.within(request.parts.timeout.or(default), sending).await?;
        if let Some((timeout, limit)) = request.parts.timeout.zip(request.parts.limit_reading) {
            let passed = milliseconds(platform.monotonic() - begun);
            response.set_read_timeout(platform.clone(), timeout.saturating_sub(passed), limit);
        }
        Ok(response)
    }

    async fn send_with_auth(&self, call: &Call<'_>) -> Result<Response, Box<Error>> {
        let session = &self.0.session;
        if !self.should_attach_token(call) {
            return self.fetch_once(call, None, false).await;
        }
        let Some(held) = session.current() else { return self.fetch_once(call, None, false).await };
        let permit = self.0.gate.enter().await;
        // While it waited, another user may have signed in.
        let held = if permit.has_waited { session.latest_of(&held)? } else { held };
        let token = match session.freshness(&held) {
            Freshness::Fresh if !session.is_being_replaced(&held) => held,
            _ => self.within_wait(call, session.valid_token(held)).await?,
        };
        let response = self.fetch_once(call, Some(&token), false).await?;
        if !self.is_token_rejected(call, &response) || session.refusal_pause(&token, call.route()).is_some() {
            return Ok(response);
        }
        drop(response);
        session.emit(&Fact::Waiting { request: call.id });
        let newer = self.within_wait(call, session.newer_than(&token, RefreshTrigger::Unauthorized)).await?;
        if !call.request.parts.body.is_replayable() {
            return Err(Error::NotReplayable.into());
        }
        let mut replayed = self.fetch_once(call, Some(&newer), true).await?;
        if self.is_token_rejected(call, &replayed) {
            if !call.request.parts.is_for_provider {
                session.note_refused_replay(&newer, call.route());
            }
            if is_broken(Rule::OneReplay) {
                replayed = self.fetch_once(call, Some(&newer), true).await?;
            }
        }
        Ok(replayed)
    }

    async fn fetch_once(&self, call: &Call<'_>, credential: Option<&Credential>, replay: bool) -> Result<Response, Box<Error>> {
        let (session, request) = (&self.0.session, call.id);
        let transport = &session.0.transport;
        let empty = (replay && is_broken(Rule::ReplaySameBody)).then(Body::empty);
        let body = transport.check_body(empty.unwrap_or_else(|| call.request.parts.body.build()))?;
        let mut limit = call.request.parts.attempt_timeout.or(self.0.attempt_timeout);
        if limit.is_none() && call.request.parts.timeout.is_none() && call.request.parts.body.may_be_large() {
            limit = body.upload_time().map(|time| session.0.settings.timeout.saturating_add(time));
        }
        session.emit(&Fact::Sent { request, sent: call.request, path: &call.address.path, replay });
        let token = credential.map(|credential| credential.tokens.access_token.as_str());
        let sending = transport.send_once(call.request, body, &call.address, token);
        let response = transport.within(limit, sending).await?;
        if self.is_from(call, &response, |origin| origin == session.0.issuer_origin) {
            transport.clock.observe_server_time(issued_at(&response, call.request.may_be_cached()));
        }
        if token.is_some() {
            if self.is_token_rejected(call, &response) {
                self.0.gate.note_refused();
            } else if !(self.0.is_unauthorized)(&response) {
                self.0.gate.note_accepted();
            }
        }
        session.emit(&Fact::Answered { request, response: &response, replay });
        Ok(response)
    }

    /// Tokens go to allowed origins only, and never replace a header that the caller has set.
    fn should_attach_token(&self, call: &Call<'_>) -> bool {
        let is_for_token = !call.request.parts.is_anonymous && !self.0.session.0.transport.sets_auth_header(call.request);
        is_for_token && (self.0.allowed_origins.contains(&call.address.origin) || is_broken(Rule::AllowedOrigins))
    }

    /// Whether a response means that the access token was refused. After a redirect another origin may have answered, to which browsers send
    /// no `Authorization`.
    fn is_token_rejected(&self, call: &Call<'_>, response: &Response) -> bool {
        call.request.parts.is_refreshable
            && (self.0.is_unauthorized)(response)
            && self.is_from(call, response, |origin| origin == call.address.origin)
    }

    /// Whether the origin that responded, after redirects, passes a test.
    fn is_from(&self, call: &Call<'_>, response: &Response, is: impl Fn(&str) -> bool) -> bool {
        match response.redirected_to() {
            Some(url) => self.0.session.0.transport.resolve(&url).is_ok_and(|address| is(&address.origin)),
            None => is(&call.address.origin),
        }
    }

    /// Limits waiting for the session, also for requests whose transfer is not limited.
    async fn within_wait<T>(&self, call: &Call<'_>, waiting: impl Future<Output = Result<T, Box<Error>>>) -> Result<T, Box<Error>> {
        let session = &self.0.session;
        let timeout = call.request.parts.timeout.unwrap_or(session.0.settings.timeout);
        session.0.transport.within(Some(timeout), Box::pin(waiting)).await
    }
}
