//! Who is signed in: signing in and out, a good access token, and what happened.

use crate::{
    backoff::Backoff,
    clock::Stamp,
    error::Error,
    event::{Cause, Event, Noted, Reason, Warning},
    grant::Grant,
    keeper,
    kept::{Change, Held, Kept},
    news::{News, Subscription},
    platform::{Guard, Signal},
    record::{Active, Credential, Record},
    refresh::Slot,
    tokens::{Left, TokenAnswer, Tokens, User},
    transport::Transport,
};
use futures::future::LocalBoxFuture;
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
    time::Duration,
};

/// While a token still works, a request waits no longer than this for a better one.
const PATIENCE_WITH_A_GOOD_TOKEN: Duration = Duration::from_secs(3);

/// The session of a [`Client`](crate::Client): cheap to clone, all clones are one.
#[derive(Clone)]
pub struct Session(pub(crate) Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) transport: Transport,
    pub(crate) grant: Box<dyn Grant>,
    pub(crate) settings: Settings,
    pub(crate) backoff: Backoff,
    pub(crate) flight: Slot,
    /// Counts the keeper's plans: an older one than the newest does nothing.
    pub(crate) plan: Cell<u64>,
    kept: Kept,
    news: Rc<News>,
    warned: RefCell<Vec<Warning>>,
    _watch: Guard,
}

/// What the builder decides about a session.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) key: String,
    /// How long whoever asks for something waits for it.
    pub(crate) deadline: Duration,
    /// How long one try of a refresh may take.
    pub(crate) refresh_timeout: Duration,
    /// How long another tab may hold the lock before it is taken for frozen.
    pub(crate) lock_patience: Duration,
    /// Whether a visible page renews its token without being asked.
    pub(crate) background: bool,
}

/// What can be known of a session without asking anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    /// Signed in or not.
    pub state: State,
    /// As whom, as far as the token tells.
    pub user: Option<User>,
    /// How long the access token still works, where that is known. It will be renewed before.
    pub expires_in: Option<Duration>,
    /// How long it worked when it was new, where that is known.
    pub lifetime: Option<Duration>,
    /// How long before its end it is renewed, where its lifetime is known.
    pub margin: Option<Duration>,
}

/// What the store and memory hold in place of a credential, in the same session.
pub(crate) enum Standing {
    /// The same still: the one to renew.
    Current(Credential),
    /// Another by now.
    Newer(Credential),
}

/// Signed in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Somebody is.
    SignedIn,
    /// Nobody is.
    SignedOut {
        /// Why no longer; None if nobody was.
        reason: Option<Reason>,
    },
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.0.kept.held()).finish()
    }
}

impl Session {
    pub(crate) fn open(transport: Transport, grant: Box<dyn Grant>, settings: Settings) -> Session {
        let platform = transport.platform.clone();
        let inner = Rc::new_cyclic(|session: &Weak<Inner>| {
            let session = session.clone();
            let hear = move |signal| {
                if let Some(inner) = session.upgrade() {
                    Session(inner).hear(signal);
                }
            };
            Inner {
                backoff: Backoff::new(platform.clone()),
                flight: Slot::default(),
                plan: Cell::new(0),
                kept: Kept::new(platform.clone(), settings.key.clone()),
                news: Rc::default(),
                warned: RefCell::default(),
                _watch: platform.watch(&settings.key, Rc::new(hear)),
                transport,
                grant,
                settings,
            }
        });
        let session = Session(inner);
        session.look();
        keeper::plan(&session);
        session
    }

    /// Begins a session with tokens that a server has just handed out. Whoever was signed in is no longer.
    pub fn sign_in(&self, tokens: TokenAnswer) {
        self.begin(tokens, self.0.transport.clock.now());
    }

    /// …and that were issued at a known time.
    pub(crate) fn begin(&self, tokens: TokenAnswer, issued: Stamp) {
        self.look();
        let session = self.0.kept.next_session();
        let tokens = Tokens::read(tokens, issued, None);
        let user = tokens.user.clone();
        self.put(Record::Live(Rc::new(Active { session, tokens, rejected: false })));
        self.0.backoff.over();
        self.tell(|| Event::SignedIn { user, elsewhere: false });
        keeper::plan(self);
    }

    /// Ends the session. Here and in the other tabs it is over at once; the server is told behind the scenes, if it can be reached.
    pub fn sign_out(&self) {
        let Some(held) = self.current() else { return };
        self.end(&held, Reason::ByUser);
        let revoke = held.tokens.refresh_token.as_deref().and_then(|token| self.0.grant.revoke(token));
        if let Some(request) = revoke.map(|request| request.keepalive().stays()) {
            let inner = self.0.clone();
            self.0.transport.platform.spawn(Box::pin(async move {
                if let Ok(address) = inner.transport.address(&request) {
                    let told = inner.transport.attempt(&request, &address, None);
                    // Nobody is left to hear of a failure: the session runs out on the server by itself.
                    let _ = inner.transport.within(inner.settings.refresh_timeout, told).await;
                }
            }));
        }
    }

    /// An access token that works, renewed first if need be. For what cannot be sent by the client: WebSocket, EventSource,
    /// an upload manager. Ask for it at each attempt, and do not keep it. None: nobody is signed in.
    ///
    /// ```
    /// use wugan::{Error, Session};
    ///
    /// /// Where to connect a WebSocket, which can have no header. Asked for again at each reconnect.
    /// async fn socket_url(session: &Session) -> Result<Option<String>, Error> {
    ///     let token = session.access_token().await?;
    ///     Ok(token.map(|token| format!("wss://api.example.com/live?access_token={token}")))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::SignedOut`], [`Error::SessionChanged`], [`Error::Unavailable`], [`Error::Timeout`] at the client's deadline, as
    /// sending a request.
    pub async fn access_token(&self) -> Result<Option<String>, Error> {
        let fresh = self.in_time(self.fresh()).await?;
        Ok(fresh.map(|held| held.tokens.access_token.clone()))
    }

    /// Renews the tokens now, or joins the refresh that is under way.
    ///
    /// # Errors
    /// [`Error::SignedOut`] (by [`Reason::NeverSignedIn`] where nobody ever was), [`Error::SessionChanged`],
    /// [`Error::Unavailable`], [`Error::Timeout`] at the client's deadline; the refresh itself goes on.
    pub async fn refresh(&self) -> Result<(), Error> {
        let held = self.current().ok_or_else(|| Error::SignedOut(self.why()))?;
        self.in_time(self.renew(&held, Cause::Asked)).await.map(drop)
    }

    async fn in_time<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.0.transport.within(self.0.settings.deadline, asked).await.flatten()
    }

    /// Signed in? As whom? Until when? Asks nobody, and is up to date with the other tabs.
    #[must_use]
    pub fn peek(&self) -> Peek {
        self.look();
        match self.0.kept.held() {
            Held::Somebody(held) => Peek {
                state: State::SignedIn,
                user: held.tokens.user.clone(),
                expires_in: held.tokens.remaining(&self.0.transport.clock),
                lifetime: held.tokens.lifetime.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
                margin: held.tokens.lifetime.map(|_| held.tokens.margin()),
            },
            Held::Nobody(reason) => Peek { state: State::SignedOut { reason }, user: None, expires_in: None, lifetime: None, margin: None },
        }
    }

    /// Calls back on each event, as long as the subscription lives. The callback may use the session and the client freely.
    /// Warnings that were raised before, when nobody could listen yet, come first, at once.
    ///
    /// ```
    /// use wugan::{Event, Reason, Session, Subscription};
    ///
    /// fn watch(session: &Session, show_sign_in: impl Fn(Reason) + 'static) -> Subscription {
    ///     session.on_event(move |noted| match &noted.event {
    ///         Event::SignedOut { reason } => show_sign_in(*reason),
    ///         _ => {}
    ///     })
    /// }
    /// ```
    pub fn on_event(&self, listener: impl Fn(&Noted) + 'static) -> Subscription {
        let at = self.0.transport.platform.monotonic();
        let missed = if self.0.news.anybody() { Vec::new() } else { self.0.warned.borrow().clone() };
        missed.into_iter().for_each(|warning| listener(&Noted { at, event: Event::Warning(warning) }));
        self.0.news.subscribe(listener)
    }

    /// What to send a request with: a token that works as far as can be known. Renewed before it hurts.
    pub(crate) async fn fresh(&self) -> Result<Option<Credential>, Error> {
        let Some(held) = self.current() else { return Ok(None) };
        match self.left(&held) {
            Left::Enough => Ok(Some(held)),
            Left::Little(remaining) => self.freshen(held, Some(remaining)).await.map(Some),
            Left::Nothing => self.freshen(held, None).await.map(Some),
        }
    }

    /// …of one that works for so long, or no longer. Boxed: it is rare, and need not be a part of every request's future.
    fn freshen(&self, held: Credential, remaining: Option<Duration>) -> LocalBoxFuture<'_, Result<Credential, Error>> {
        Box::pin(async move {
            if let Some(remaining) = remaining {
                // It still works: whatever keeps the refresh need not keep the request.
                let patience = PATIENCE_WITH_A_GOOD_TOKEN.min(remaining / 2);
                let _ = self.0.transport.within(patience, self.renew(&held, Cause::Due)).await;
            }
            let (Standing::Current(best) | Standing::Newer(best)) = self.standing(&held)?;
            if self.left(&best) == Left::Nothing { self.renew(&best, Cause::Due).await } else { Ok(best) }
        })
    }

    fn left(&self, held: &Credential) -> Left {
        held.tokens.left(&self.0.transport.clock)
    }

    /// Where a credential stands by now: whether its access token is still the newest.
    pub(crate) fn standing(&self, of: &Credential) -> Result<Standing, Error> {
        self.compare(of, |held, old| held.access_token == old.access_token)
    }

    /// …whether its refresh token is still the one that buys the next pair.
    pub(crate) fn standing_to_buy(&self, of: &Credential) -> Result<Standing, Error> {
        self.compare(of, |held, old| held.refresh_token == old.refresh_token)
    }

    fn compare(&self, old: &Credential, same: fn(&Tokens, &Tokens) -> bool) -> Result<Standing, Error> {
        self.look();
        match self.0.kept.held() {
            Held::Nobody(reason) => Err(Error::SignedOut(reason.unwrap_or(Reason::Elsewhere))),
            Held::Somebody(held) if held.session != old.session => Err(Error::SessionChanged),
            Held::Somebody(held) if same(&held.tokens, &old.tokens) => Ok(Standing::Current(held)),
            Held::Somebody(held) => Ok(Standing::Newer(held)),
        }
    }

    /// The new tokens of a refresh, in the place of the old.
    pub(crate) fn rotate(&self, old: &Credential, tokens: Tokens) -> Credential {
        let new = Rc::new(Active { session: old.session.clone(), tokens, rejected: false });
        self.put(Record::Live(new.clone()));
        keeper::plan(self);
        new
    }

    /// The server refused the refresh token. While the access token works it goes on being used; the session ends with it.
    pub(crate) fn rejected(&self, held: &Credential, cause: Cause) -> Error {
        let remaining = held.tokens.remaining(&self.0.transport.clock);
        if cause == Cause::Unauthorized || remaining == Some(Duration::ZERO) {
            self.end(held, if held.rejected || held.tokens.refresh_token.is_some() { Reason::Rejected } else { Reason::Expired });
        } else if held.tokens.refresh_token.is_some() {
            let tokens = Tokens { refresh_token: None, ..held.tokens.clone() };
            self.put(Record::Live(Rc::new(Active { session: held.session.clone(), tokens, rejected: true })));
            keeper::plan(self);
        }
        Error::SignedOut(Reason::Rejected)
    }

    fn end(&self, held: &Credential, reason: Reason) {
        self.put(Record::Ended { session: held.session.clone(), reason });
        self.tell(|| Event::SignedOut { reason });
    }

    /// Who is signed in now, other tabs' doings included.
    pub(crate) fn current(&self) -> Option<Credential> {
        self.look();
        self.held()
    }

    /// Who is signed in as far as memory knows.
    pub(crate) fn held(&self) -> Option<Credential> {
        match self.0.kept.held() {
            Held::Somebody(held) => Some(held),
            Held::Nobody(_) => None,
        }
    }

    fn why(&self) -> Reason {
        if let Held::Nobody(Some(reason)) = self.0.kept.held() { reason } else { Reason::NeverSignedIn }
    }

    /// Takes over what another tab did, and tells of it.
    pub(crate) fn look(&self) {
        let Some(change) = self.0.kept.look() else { return };
        match change {
            Change::SignedIn => {
                self.0.backoff.over();
                let user = self.held().and_then(|held| held.tokens.user.clone());
                self.tell(|| Event::SignedIn { user, elsewhere: true });
            }
            Change::SignedOut(reason) => self.tell(|| Event::SignedOut { reason }),
            Change::Adopted => {
                self.0.backoff.over();
                self.tell(|| Event::Adopted);
            }
            Change::Warning(warning) => return self.warn(warning),
        }
        keeper::plan(self);
    }

    pub(crate) fn put(&self, record: Record) {
        if let Err(warning) = self.0.kept.put(record) {
            self.warn(warning);
        }
    }

    fn hear(&self, signal: Signal) {
        self.look();
        if signal != Signal::Stored {
            self.0.backoff.cut_short();
            keeper::plan(self);
        }
    }

    /// Once each: a store that fails fails at every look.
    fn warn(&self, warning: Warning) {
        if !self.0.warned.borrow().contains(&warning) {
            self.0.warned.borrow_mut().push(warning);
            self.tell(|| Event::Warning(warning));
        }
    }

    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.0.news.anybody() {
            self.0.news.tell(self.0.transport.platform.monotonic(), event());
        }
    }
}
