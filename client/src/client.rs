//! The one road: attach, fetch, is it a 401?, refresh, replay once.

use crate::{
    error::Error,
    event::{Cause, Event, Outcome},
    grant::{Grant, Json, Reply, Verdict},
    platform::{Address, Platform},
    request::{Request, showable},
    response::Response,
    session::{Session, Settings},
    transport::Transport,
};
use std::{cell::Cell, fmt, rc::Rc, time::Duration};

/// How much longer than its refresh a tab may hold the lock: the moment before it, and the store's lag after it.
const LOCK_OVERHEAD: Duration = Duration::from_secs(2);

/// Sends requests with a session's token, and keeps the session alive by itself. Cheap to clone; all clones are one.
///
/// ```no_run
/// # async fn example() -> Result<(), wugan::Error> {
/// use wugan::{Client, Request, SignIn};
///
/// let client = Client::new("https://api.example.com")?;
/// match client.sign_in(Request::post("/user/login").json(&[("username", "ada")])).await? {
///     SignIn::Done => {}
///     SignIn::Refused(answer) => return Err(wugan::Error::Body(answer.text().await?)),
/// }
/// let notes: Vec<String> = client.get("/notes").await?.json().await?;
/// let saved = client.send(Request::put("/notes/7").json(&notes)).await?.ok();
/// # assert!(saved);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    session: Session,
    /// Where tokens may go.
    home: Vec<String>,
    try_timeout: Option<Duration>,
    unauthorized: Box<dyn Fn(&Response) -> bool>,
    requests: Cell<u64>,
}

/// A request on its way.
struct Call<'a> {
    number: u64,
    request: &'a Request,
    address: Address,
}

/// What became of a sign-in.
#[derive(Debug)]
pub enum SignIn {
    /// Somebody is signed in.
    Done,
    /// The server said no; its answer says why.
    Refused(Response),
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("home", &self.0.home).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of a backend, with the session that this browser keeps for it. The base URL is where relative URLs start, as in
    /// a page's links; empty, it is the page's own. For anything but defaults there is [`Client::builder`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if the base URL makes no sense.
    #[cfg(feature = "browser")]
    pub fn new(base: &str) -> Result<Client, Error> {
        Client::builder(base).build()
    }

    /// A client with settings of one's own.
    pub fn builder(base: &str) -> Builder {
        Builder {
            base: base.to_owned(),
            grant: Box::new(Json::default()),
            also_home: Vec::new(),
            try_timeout: None,
            unauthorized: Box::new(|response| response.status() == 401),
            settings: Settings {
                key: "wugan.session".to_owned(),
                deadline: Duration::from_secs(30),
                refresh_timeout: Duration::from_secs(10),
                lock_patience: Duration::from_secs(15),
                background: true,
            },
        }
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    /// Sends a GET.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get(&self, url: &str) -> Result<Response, Error> {
        self.send(Request::get(url)).await
    }

    /// Sends a request. If its token is refused, it waits for the one refresh and is sent once more.
    ///
    /// An answer is an answer, whatever its status: a second 401 comes back as it is.
    ///
    /// # Errors
    /// [`Error::SignedOut`] when the session turned out to be over, [`Error::SessionChanged`] when somebody else signed in
    /// meanwhile, [`Error::Unavailable`] when it cannot be renewed just now, [`Error::Timeout`] at the request's deadline,
    /// [`Error::Network`], [`Error::NotReplayable`], [`Error::Invalid`].
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let address = self.0.session.0.transport.address(&request)?;
        let call = Call { number: self.number(), request: &request, address };
        let transport = &self.0.session.0.transport;
        let deadline = request.deadline.unwrap_or(self.0.session.0.settings.deadline);
        let begun = transport.platform.monotonic();
        let settled = transport.within(deadline, self.road(&call)).await.flatten().map(|response| {
            let spent = Duration::try_from_secs_f64((transport.platform.monotonic() - begun) / 1_000.0).unwrap_or_default();
            response.leaving(transport.platform.clone(), deadline.saturating_sub(spent))
        });
        self.0.session.tell(|| Event::Settled {
            request: call.number,
            outcome: settled.as_ref().map_or_else(|error| Outcome::Failed(error.clone()), |response| Outcome::Answered(response.status())),
        });
        settled
    }

    async fn road(&self, call: &Call<'_>) -> Result<Response, Error> {
        let session = &self.0.session;
        let sent_with = if self.may_carry_a_token(call) { session.fresh().await? } else { None };
        if sent_with.is_some() && !call.request.body.replayable() {
            return Err(Error::NotReplayable);
        }
        let response = self.attempt(call, sent_with.as_deref(), false).await?;
        let Some(refused) = sent_with.filter(|_| self.is_refusal(call, &response)) else { return Ok(response) };
        drop(response);
        session.tell(|| Event::Waiting { request: call.number });
        let fresh = session.renew(&refused, Cause::Unauthorized).await?;
        self.attempt(call, Some(&fresh), true).await
    }

    /// Signs in by a request that a token answer comes back to. It goes [anonymously](Request::anonymous).
    ///
    /// # Errors
    /// As [`Client::send`], and [`Error::Body`] if a success brings no tokens.
    pub async fn sign_in(&self, request: Request) -> Result<SignIn, Error> {
        let response = self.send(request.anonymous()).await?;
        if !response.ok() {
            return Ok(SignIn::Refused(response));
        }
        let session = &self.0.session;
        let body = response.read().await?;
        match session.0.grant.judge(&Reply { status: response.status(), body: &body, response: &response }) {
            Verdict::Granted(tokens) => session.begin(tokens, response.stamp),
            _ => return Err(Error::Body("the sign-in brought no tokens".into())),
        }
        Ok(SignIn::Done)
    }

    async fn attempt(&self, call: &Call<'_>, credential: Option<&crate::record::Active>, replay: bool) -> Result<Response, Error> {
        let session = &self.0.session;
        let request = call.number;
        session.tell(|| Event::Sent { request, method: call.request.method.to_string(), path: call.address.path.clone(), replay });
        let token = credential.map(|credential| credential.tokens.access_token.as_str());
        let sending = session.0.transport.attempt(call.request, &call.address, token);
        let response = match call.request.try_timeout.or(self.0.try_timeout) {
            Some(time) => session.0.transport.within(time, sending).await.flatten()?,
            None => sending.await?,
        };
        if self.is_from_home(call, &response) {
            session.0.transport.clock.heard(response.stamp);
        }
        session.tell(|| Event::Answered { request, status: response.status(), replay });
        Ok(response)
    }

    /// Tokens go home only, and not over a header that the caller set.
    fn may_carry_a_token(&self, call: &Call<'_>) -> bool {
        !call.request.anonymous && self.is_home(&call.address) && !call.request.has("authorization")
    }

    fn is_home(&self, address: &Address) -> bool {
        self.0.home.contains(&address.origin)
    }

    /// Whether our own server refused the token.
    fn is_refusal(&self, call: &Call<'_>, response: &Response) -> bool {
        self.is_from_home(call, response) && (self.0.unauthorized)(response)
    }

    /// Whether an answer is our own server's. A redirect may have led elsewhere, where no token was sent and the clocks are others.
    fn is_from_home(&self, call: &Call<'_>, response: &Response) -> bool {
        let from = response.url();
        if from.is_empty() {
            return self.is_home(&call.address);
        }
        self.0.session.0.transport.resolve(&from).is_ok_and(|address| self.is_home(&address))
    }

    fn number(&self) -> u64 {
        let number = self.0.requests.get() + 1;
        self.0.requests.set(number);
        number
    }
}

/// Settings of a [`Client`], all with good defaults.
///
/// ```no_run
/// # fn example() -> Result<(), wugan::Error> {
/// use std::time::Duration;
/// use wugan::{Client, OAuth};
///
/// let client = Client::builder("https://api.example.com")
///     .grant(OAuth::new("https://login.example.com/token", "my-app"))
///     .allow_origin("https://files.example.com")
///     .deadline(Duration::from_secs(20))
///     .try_timeout(Duration::from_secs(8))
///     .build()?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Builder {
    base: String,
    grant: Box<dyn Grant>,
    also_home: Vec<String>,
    try_timeout: Option<Duration>,
    unauthorized: Box<dyn Fn(&Response) -> bool>,
    settings: Settings,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("base", &showable(&self.base)).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Builder {
    /// How the backend hands out tokens. Default: [`Json`], as wugan-server does.
    pub fn grant(mut self, grant: impl Grant) -> Builder {
        self.grant = Box::new(grant);
        self
    }

    /// Another origin that tokens may go to, besides the base URL's.
    pub fn allow_origin(mut self, url: &str) -> Builder {
        self.also_home.push(url.to_owned());
        self
    }

    /// The whole time that a request, an [access token](Session::access_token) or a [refresh](Session::refresh) may take, if the
    /// request sets none itself. Default: 30 s.
    pub fn deadline(mut self, deadline: Duration) -> Builder {
        self.settings.deadline = deadline;
        self
    }

    /// How long one sending of a request may wait for an answer, if the request sets nothing itself. Default: until its deadline.
    pub fn try_timeout(mut self, timeout: Duration) -> Builder {
        self.try_timeout = Some(timeout);
        self
    }

    /// How long one try of a refresh may take. Default: 10 s.
    pub fn refresh_timeout(mut self, timeout: Duration) -> Builder {
        self.settings.refresh_timeout = timeout;
        self
    }

    /// How long another tab may keep us from refreshing before it is taken for frozen. It is at least two seconds longer than the
    /// refresh timeout, or a tab at work would be taken for one. Default: 15 s.
    pub fn lock_patience(mut self, patience: Duration) -> Builder {
        self.settings.lock_patience = patience;
        self
    }

    /// Whether a visible page renews its token before anything is sent. Default: yes.
    pub fn background(mut self, background: bool) -> Builder {
        self.settings.background = background;
        self
    }

    /// The key in localStorage. Clients of one backend share it; another backend needs another. Default: `wugan.session`.
    pub fn key(mut self, key: &str) -> Builder {
        self.settings.key = key.to_owned();
        self
    }

    /// Which answers mean that the access token was refused. Default: status 401. It sees status and headers.
    pub fn unauthorized(mut self, is: impl Fn(&Response) -> bool + 'static) -> Builder {
        self.unauthorized = Box::new(is);
        self
    }

    /// The client, in this browser.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the base URL or an allowed origin makes no sense.
    #[cfg(feature = "browser")]
    pub fn build(self) -> Result<Client, Error> {
        self.build_on(Rc::new(crate::browser::Browser::new()))
    }

    /// The client, on any platform.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the base URL or an allowed origin makes no sense.
    pub fn build_on(mut self, platform: Rc<dyn Platform>) -> Result<Client, Error> {
        self.settings.lock_patience = self.settings.lock_patience.max(self.settings.refresh_timeout + LOCK_OVERHEAD);
        let transport = Transport::new(platform, self.base);
        let home = std::iter::once("").chain(self.also_home.iter().map(String::as_str)).map(|url| Ok(transport.resolve(url)?.origin));
        let home = home.collect::<Result<Vec<_>, Error>>()?;
        if home.iter().any(|origin| origin == "null") {
            return Err(Error::Invalid("its base URL has no origin that a token could go to".into()));
        }
        let session = Session::open(transport, self.grant, self.settings);
        Ok(Client(Rc::new(Inner { session, home, try_timeout: self.try_timeout, unauthorized: self.unauthorized, requests: Cell::new(0) })))
    }
}
