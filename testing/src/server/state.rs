//! The state of a server: accounts, sessions, access tokens, and the settings of a test.

use super::{
    dpop::Proofs,
    in_flight::Monitor,
    rotation::{Lineage, ReusePolicy},
};
use crate::{
    environment::Environment,
    executor::{Executor, millis},
    message::Incoming,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::Value;
use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    fmt,
    rc::{Rc, Weak},
    time::Duration,
};
use wugan::TokenSet;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The request does not reach the server.
    Unreachable,
    /// The server carries the request out, and the response is lost.
    Lost,
    /// The server does nothing and never answers.
    Hangs,
    /// The server answers with this status and a JSON body without an error code.
    Status(u16),
    /// A proxy answers with this status and an HTML page.
    Html(u16),
    /// A proxy answers 401 in plain text, with this `WWW-Authenticate`.
    Challenge(&'static str),
    /// The server answers 401 in JSON, with this `WWW-Authenticate`.
    JsonChallenge(&'static str),
    /// The server answers 429 with this `Retry-After`, in seconds.
    RetryAfter(u32),
    /// The head of the response arrives, its body never does.
    Stalls,
    /// A redirect to another server, which answers 401 in JSON.
    Redirect,
    /// This response. An empty content type sends no `Content-Type`.
    Reply {
        /// The HTTP status.
        status: u16,
        /// The `Content-Type`.
        content_type: &'static str,
        /// The body.
        body: &'static str,
    },
}

/// What a server has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests to the token endpoint that reached the server.
    pub refreshes: u64,
    /// Exchanges that moved a session to its next generation.
    pub rotated: u64,
    /// Exchanges that were answered with the current generation again.
    pub repeated: u64,
    /// Exchanges by another presenter, which replaced an unused generation.
    pub superseded: u64,
    /// Exchanges that were refused without a change.
    pub refused: u64,
    /// Exchanges that were taken for theft and ended the session.
    pub revoked: u64,
    /// Requests to guarded routes that were answered with 200.
    pub accepted: u64,
    /// Requests to guarded routes that were answered with 401.
    pub unauthorized: u64,
    /// Sign-out requests that arrived.
    pub logouts: u64,
    /// Requests that were refused because their proof had no valid nonce.
    pub missing_nonces: u64,
    /// Requests that were refused because their proof was too old, or made by a wrong clock.
    pub untimely_proofs: u64,
}

/// A backend. Clones are handles to the same one.
#[derive(Clone)]
pub struct Server(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub(super) env: Weak<Environment>,
    pub(super) number: usize,
    pub(super) bases: RefCell<Vec<Base>>,
    pub(super) accounts: RefCell<Vec<Account>>,
    pub(super) sessions: RefCell<Vec<Session>>,
    pub(super) access: RefCell<HashMap<String, Access>>,
    pub(super) stats: Cell<Stats>,
    pub(super) access_ttl: Cell<f64>,
    pub(super) leeway: Cell<f64>,
    pub(super) policy: Cell<ReusePolicy>,
    /// The shortest and the longest time of a message, in milliseconds.
    pub(super) latency: Cell<(f64, f64)>,
    pub(super) longest_latency: Cell<f64>,
    pub(super) auth_header: RefCell<String>,
    pub(super) proofs: Proofs,
    pub(super) next_faults: RefCell<VecDeque<Fault>>,
    pub(super) fault: Cell<Fault>,
    pub(super) hides_date: Cell<bool>,
    pub(super) hides_iat: Cell<bool>,
    pub(super) allows_early_refreshes: Cell<bool>,
    pub(super) allows_duplicates: Cell<bool>,
    pub(super) monitor: Monitor,
}

/// A base URL at which the server can be reached, on a machine with its own clock.
pub(super) struct Base {
    pub(super) origin: String,
    pub(super) path: String,
    pub(super) clock_offset: f64,
}

/// The names of an account: the last one is the present one.
pub(super) struct Account(pub(super) Vec<String>);

pub(super) struct Session {
    pub(super) account: usize,
    /// The thumbprint of the key that the session is bound to.
    pub(super) key: Option<String>,
    pub(super) lineage: Lineage,
    pub(super) is_ended: bool,
    /// A response to the current exchange may not have reached its tab: another exchange is justified.
    pub(super) duplicate_allowed: bool,
    /// An access token of the current generation was refused, so an early refresh is no violation.
    pub(super) early_refresh_allowed: bool,
}

/// The claims of an access token.
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    pub(super) exp: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iat: Option<f64>,
    pub(super) jti: usize,
    pub(super) sub: &'a str,
    pub(super) username: &'a str,
}

/// A token response (RFC 6749 §5.1).
#[derive(Serialize)]
pub(super) struct TokenResponse {
    pub(super) access_token: String,
    pub(super) expires_in: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    pub(super) token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<Value>,
}

#[derive(Clone, Copy)]
pub(super) struct Access {
    pub(super) session: usize,
    pub(super) generation: u64,
    pub(super) expires_at: f64,
    pub(super) is_revoked: bool,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Server {
    pub(crate) fn new(env: Weak<Environment>, number: usize, base: &str) -> Server {
        let server = Server(Rc::new(Inner {
            env,
            number,
            bases: RefCell::default(),
            accounts: RefCell::default(),
            sessions: RefCell::default(),
            access: RefCell::default(),
            stats: Cell::default(),
            access_ttl: Cell::new(1_800_000.0),
            leeway: Cell::new(0.0),
            policy: Cell::default(),
            latency: Cell::new((5.0, 50.0)),
            longest_latency: Cell::new(50.0),
            auth_header: RefCell::new("authorization".to_owned()),
            proofs: Proofs::default(),
            next_faults: RefCell::default(),
            fault: Cell::default(),
            hides_date: Cell::new(false),
            hides_iat: Cell::new(false),
            allows_early_refreshes: Cell::new(false),
            allows_duplicates: Cell::new(false),
            monitor: Monitor::default(),
        }));
        server.add_base(base, 0.0);
        server
    }

    /// Makes the server reachable at another base URL too, on a machine whose clock is wrong by this many milliseconds: an identity
    /// provider and an API that accepts its tokens.
    ///
    /// # Panics
    /// If the URL is not absolute.
    pub fn add_base(&self, base: &str, clock_offset: f64) {
        match url::Url::parse(base) {
            Ok(url) => self.0.bases.borrow_mut().push(Base {
                origin: url.origin().ascii_serialization(),
                path: url.path().trim_end_matches('/').to_owned(),
                clock_offset,
            }),
            Err(error) => panic!("{base}: {error}"),
        }
    }

    /// The part of a path below the base URL. `None`: the URL does not belong to this server.
    pub(crate) fn path_below(&self, origin: &str, path: &str) -> Option<String> {
        self.0.bases.borrow().iter().filter(|base| base.origin == origin).find_map(|base| {
            let below = path.strip_prefix(&base.path)?;
            below.starts_with('/').then(|| below.to_owned())
        })
    }

    pub(crate) fn clock_offset(&self, origin: &str) -> f64 {
        self.0.bases.borrow().iter().find(|base| base.origin == origin).map_or(0.0, |base| base.clock_offset)
    }

    /// Sets how long access tokens live. Default: 30 minutes.
    pub fn set_access_ttl(&self, ttl: Duration) {
        self.0.access_ttl.set(millis(ttl));
    }

    /// Sets how long the previous refresh token of a client without attempt ids is accepted after its successor was used. Default: 0.
    pub fn set_leeway(&self, leeway: Duration) {
        self.0.leeway.set(millis(leeway));
    }

    /// Sets how refresh tokens that were exchanged before are treated. Default: [`ReusePolicy::AttemptId`].
    pub fn set_reuse_policy(&self, policy: ReusePolicy) {
        self.0.policy.set(policy);
    }

    /// Switches to [`ReusePolicy::Never`], or back to [`ReusePolicy::AttemptId`].
    pub fn strict(&self, strict: bool) {
        self.set_reuse_policy(if strict { ReusePolicy::Never } else { ReusePolicy::AttemptId });
    }

    /// Sets the shortest and the longest time that a message takes in one direction. Default: 5 to 50 ms.
    pub fn set_latency(&self, shortest: Duration, longest: Duration) {
        self.0.latency.set((millis(shortest), millis(longest)));
        self.0.longest_latency.set(self.0.longest_latency.get().max(millis(longest)));
    }

    /// Sets the header that carries the access token. Default: `Authorization`.
    pub fn set_auth_header(&self, name: &str) {
        self.0.auth_header.replace(name.to_ascii_lowercase());
    }

    /// Binds each session that begins with a DPoP proof (RFC 9449) to the proof's key. With nonces, a proof needs one that the server gave
    /// out; the server changes it at this interval and accepts the one before too. A session that begins without a proof is not bound.
    pub fn use_dpop(&self, nonces: Option<Duration>) {
        self.0.proofs.switch_on(nonces.map(millis));
    }

    /// Sets how far the time of a proof without a nonce may be from the server's clock. Default: a minute.
    pub fn set_proof_window(&self, window: Duration) {
        self.0.proofs.window.set(millis(window));
    }

    /// Sends no `Date` that the page can read, as most servers of another origin.
    pub fn hide_date(&self, hide: bool) {
        self.0.hides_date.set(hide);
    }

    /// Writes no `iat` claim into access tokens.
    pub fn hide_iat(&self, hide: bool) {
        self.0.hides_iat.set(hide);
    }

    /// Reports no early refreshes as violations: the test asks for them, or changes the device's clock.
    pub fn allow_early_refreshes(&self) {
        self.0.allows_early_refreshes.set(true);
    }

    /// Reports no duplicate exchanges as violations: the browser has no Web Locks. A session that is lost by them on a server without
    /// attempt ids is listed by [`take_lost_sessions`](Server::take_lost_sessions).
    pub fn allow_duplicates(&self) {
        self.0.allows_duplicates.set(true);
    }

    /// Sets what happens to the next requests for new tokens, in order.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.next_faults.borrow_mut().extend(faults);
    }

    /// Sets what happens to every request from now on.
    pub fn fail(&self, fault: Fault) {
        self.0.fault.set(fault);
    }

    /// Ends all faults, those of the next requests included.
    pub fn recover(&self) {
        self.fail(Fault::None);
        self.0.next_faults.borrow_mut().clear();
    }

    /// What the server has counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.stats.get()
    }

    /// Starts a session that is bound to no key, and returns its first tokens. The account is created on its first use.
    #[must_use]
    pub fn sign_in(&self, user: &str) -> TokenSet {
        let session = self.start_session(user, None);
        self.tokens(session, 0.0).into_set()
    }

    /// Changes the name of an account, which is also the subject of its tokens.
    pub fn rename(&self, user: &str, name: &str) {
        if let Some(account) = self.find_account(user) {
            self.0.accounts.borrow_mut()[account].0.push(name.to_owned());
        }
    }

    /// Makes the server refuse all access tokens that it has issued so far, for instance because its signing key was replaced. Sessions
    /// go on.
    pub fn revoke_access_tokens(&self) {
        self.0.access.borrow_mut().values_mut().for_each(|access| access.is_revoked = true);
    }

    /// Ends all sessions of a user.
    pub fn end_sessions(&self, user: &str) {
        let account = self.find_account(user);
        self.0
            .sessions
            .borrow_mut()
            .iter_mut()
            .filter(|session| Some(session.account) == account)
            .for_each(|session| session.is_ended = true);
    }

    /// Whether a user has a session that has not ended.
    #[must_use]
    pub fn has_session(&self, user: &str) -> bool {
        let account = self.find_account(user);
        self.0.sessions.borrow().iter().any(|session| Some(session.account) == account && !session.is_ended)
    }

    /// The present name of the user of an access token of this server.
    #[must_use]
    pub fn owner(&self, access_token: &str) -> Option<String> {
        let access = *self.0.access.borrow().get(access_token)?;
        Some(self.user_name(access.session))
    }

    pub(crate) fn next_fault(&self, incoming: &Incoming) -> Fault {
        let next = if incoming.is_refresh() { self.0.next_faults.borrow_mut().pop_front() } else { None };
        next.unwrap_or(self.0.fault.get())
    }

    pub(crate) fn transfer_time(&self, executor: &Executor) -> f64 {
        let (shortest, longest) = self.0.latency.get();
        shortest + executor.fraction() * (longest - shortest)
    }

    /// Scheme and access token of a request.
    pub(super) fn access_token<'a>(&self, incoming: &'a Incoming) -> Option<(&'a str, &'a str)> {
        incoming.header(&self.0.auth_header.borrow())?.split_once(' ').filter(|(scheme, _)| ["Bearer", "DPoP"].contains(scheme))
    }

    /// True time in milliseconds since 1970.
    pub(super) fn now(&self) -> f64 {
        self.0.env.upgrade().map_or(0.0, |env| env.now())
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Stats)) {
        let mut stats = self.0.stats.get();
        change(&mut stats);
        self.0.stats.set(stats);
    }

    fn find_account(&self, user: &str) -> Option<usize> {
        self.0.accounts.borrow().iter().position(|account| account.0.last().is_some_and(|name| name == user))
    }

    pub(super) fn user_name(&self, session: usize) -> String {
        let account = self.0.sessions.borrow()[session].account;
        self.0.accounts.borrow()[account].0.last().cloned().unwrap_or_default()
    }

    /// Whether the user of a session has or had this name.
    pub(super) fn is_user(&self, session: usize, name: &str) -> bool {
        let account = self.0.sessions.borrow()[session].account;
        self.0.accounts.borrow()[account].0.iter().any(|known| known == name)
    }

    pub(super) fn start_session(&self, user: &str, key: Option<String>) -> usize {
        let account = self.find_account(user).unwrap_or_else(|| {
            self.0.accounts.borrow_mut().push(Account(vec![user.to_owned()]));
            self.0.accounts.borrow().len() - 1
        });
        let lineage = Lineage::new(self.now());
        self.0.sessions.borrow_mut().push(Session {
            account,
            key,
            lineage,
            is_ended: false,
            duplicate_allowed: false,
            early_refresh_allowed: false,
        });
        self.0.sessions.borrow().len() - 1
    }

    fn refresh_token(&self, session: usize) -> String {
        format!("SECRET-{}-{session}-{}", self.0.number, self.0.sessions.borrow()[session].lineage.generation)
    }

    /// Session and generation of a refresh token of this server.
    pub(super) fn parse_refresh_token(&self, token: &str) -> Option<(usize, u64)> {
        let mut parts = token.strip_prefix("SECRET-")?.split('-').map(str::parse::<u64>);
        let (Some(Ok(server)), Some(Ok(session)), Some(Ok(generation)), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let is_known = server == self.0.number as u64 && (session as usize) < self.0.sessions.borrow().len();
        is_known.then_some((session as usize, generation))
    }

    /// Issues tokens of a session's current generation, dated by a clock that is wrong by `clock_offset` milliseconds.
    pub(super) fn tokens(&self, session: usize, clock_offset: f64) -> TokenResponse {
        let user = self.user_name(session);
        let (now, ttl) = (self.now(), self.0.access_ttl.get());
        let generation = self.0.sessions.borrow()[session].lineage.generation;
        let number = self.0.access.borrow().len();
        let seconds = |time: f64| (time + clock_offset) / 1_000.0;
        let iat = (!self.0.hides_iat.get()).then(|| seconds(now).floor());
        let claims = Claims { exp: seconds(now + ttl).ceil(), iat, jti: number, sub: &user, username: &user };
        let claims = serde_json::to_vec(&claims).unwrap_or_default();
        let access_token = format!("SECRET.{}.{}-{number}", URL_SAFE_NO_PAD.encode(claims), self.0.number);
        self.0.access.borrow_mut().insert(access_token.clone(), Access { session, generation, expires_at: now + ttl, is_revoked: false });
        let token_type = if self.0.sessions.borrow()[session].key.is_some() { "DPoP" } else { "Bearer" };
        let refresh_token = Some(self.refresh_token(session));
        TokenResponse { access_token, expires_in: ttl / 1_000.0, refresh_token, token_type, user: None }
    }
}

impl TokenResponse {
    pub(super) fn into_set(self) -> TokenSet {
        TokenSet::new(self.access_token, self.refresh_token.unwrap_or_default()).with_expires_in(self.expires_in)
    }
}
