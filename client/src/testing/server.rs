//! The simulated backend: strict rotation with repeats, as wugan-server does it, and misbehaviour on purpose.

use super::{
    tab::Tab,
    world::{self, World},
};
use crate::{
    TokenAnswer,
    body::Content,
    error::Error,
    platform::{Answer, Attempt},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture, pending},
};
use serde_json::{Value, json};
use std::{
    any::Any,
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    fmt,
    rc::{Rc, Weak},
    time::Duration,
};

/// Milliseconds for which a client waits for new tokens at least.
const PATIENCE: f64 = 9_000.0;

/// What goes wrong with one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The request does not arrive.
    Unreachable,
    /// The request is carried out, its answer gets lost.
    Lost,
    /// Nothing ever comes back, and nothing was done.
    Hangs,
    /// This status, with a JSON body.
    Status(u16),
    /// This status, with a proxy's HTML.
    Html(u16),
    /// 429, and `Retry-After` so many seconds.
    RetryAfter(u32),
    /// The head of the answer comes, its body never does.
    Stalls,
    /// A redirect to another server, which knows nobody: 401, with a JSON body.
    Redirect,
}

/// What the server has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Requests for new tokens that arrived.
    pub refreshes: u64,
    /// …that moved a session to its next generation.
    pub rotated: u64,
    /// …that were given the same successor again.
    pub repeated: u64,
    /// …that were refused.
    pub refused: u64,
    /// …that were taken for theft.
    pub stolen: u64,
    /// Requests to guarded routes that were answered with 200.
    pub guarded: u64,
    /// …and with 401.
    pub unauthorized: u64,
    /// Sign-outs it was told of.
    pub logouts: u64,
}

/// The server.
pub struct Server {
    world: Weak<world::Inner>,
    sessions: RefCell<Vec<Session>>,
    access: RefCell<BTreeMap<String, Access>>,
    seen: Cell<Seen>,
    access_ttl: Cell<f64>,
    leeway: Cell<f64>,
    /// Shortest and longest way of a message, in milliseconds.
    latency: Cell<(f64, f64)>,
    slowest: Cell<f64>,
    clock_off: Cell<f64>,
    next_faults: RefCell<VecDeque<Fault>>,
    down: Cell<Fault>,
    silent: Cell<bool>,
    terse: Cell<bool>,
    lenient: Cell<bool>,
    open: RefCell<Vec<Rc<Open>>>,
    /// How often each request that has a name arrived, and whether it was answered with 401.
    arrivals: RefCell<BTreeMap<String, (u32, bool)>>,
    complaints: RefCell<Vec<String>>,
}

/// A request for new tokens on its way.
struct Open {
    tab: usize,
    session: Option<usize>,
    since: f64,
    /// An answer came, or word that there is none.
    answered: Cell<bool>,
    done: Cell<bool>,
    /// Its tab was frozen or closed: what it does not know, nobody can blame it for.
    disturbed: Cell<bool>,
    /// The answer was handed to the page.
    delivered: Cell<bool>,
}

struct Session {
    /// An answer to the current generation did not reach the page: asking again is right.
    excused: bool,
    /// An access token of the current generation was refused.
    doubted: bool,
    user: String,
    generation: u64,
    /// Whether the current generation has been used since it was handed out.
    confirmed: bool,
    rotated_at: f64,
    ended: bool,
}

struct Access {
    session: usize,
    generation: u64,
    until: f64,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("seen", &self.seen.get()).finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn new(world: Weak<world::Inner>) -> Server {
        Server {
            world,
            sessions: RefCell::default(),
            access: RefCell::default(),
            seen: Cell::default(),
            access_ttl: Cell::new(1_800_000.0),
            leeway: Cell::new(0.0),
            latency: Cell::new((5.0, 50.0)),
            slowest: Cell::new(50.0),
            clock_off: Cell::new(0.0),
            next_faults: RefCell::default(),
            down: Cell::default(),
            silent: Cell::new(false),
            terse: Cell::new(false),
            lenient: Cell::new(false),
            open: RefCell::default(),
            arrivals: RefCell::default(),
            complaints: RefCell::default(),
        }
    }

    /// How long access tokens live. Default: 30 minutes.
    pub fn access_ttl(&self, ttl: Duration) {
        self.access_ttl.set(ttl.as_secs_f64() * 1_000.0);
    }

    /// How long after a rotation the token before is repeated, even if its successor was used. Default: 0, which is strict.
    pub fn leeway(&self, leeway: Duration) {
        self.leeway.set(leeway.as_secs_f64() * 1_000.0);
    }

    /// Shortest and longest time that a message is under way. Default: 5 to 50 ms.
    pub fn latency(&self, shortest: Duration, longest: Duration) {
        let longest = longest.as_secs_f64() * 1_000.0;
        self.latency.set((shortest.as_secs_f64() * 1_000.0, longest));
        self.slowest.set(self.slowest.get().max(longest));
    }

    /// Sends no `Date` that the page can see, as a server of another origin.
    pub fn hide_date(&self, hide: bool) {
        self.silent.set(hide);
    }

    /// Writes no `iat` into its access tokens.
    pub fn hide_iat(&self, hide: bool) {
        self.terse.set(hide);
    }

    /// Does not complain of refreshes that are not due: the program asks for them, or somebody sets the clock forward.
    pub fn expect_early_refreshes(&self) {
        self.lenient.set(true);
    }

    /// What happens to the next requests for new tokens, one after the other.
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.next_faults.borrow_mut().extend(faults);
    }

    /// What happens to every request, until told otherwise.
    pub fn always(&self, fault: Fault) {
        self.down.set(fault);
    }

    /// Behaves from here on.
    pub fn calm(&self) {
        self.down.set(Fault::None);
        self.next_faults.borrow_mut().clear();
    }

    /// What it has seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen.get()
    }

    /// Begins a session, and hands out its first tokens.
    #[must_use]
    pub fn sign_in(&self, user: &str) -> TokenAnswer {
        let session = self.sessions.borrow().len();
        self.sessions.borrow_mut().push(Session {
            excused: false,
            doubted: false,
            user: user.to_owned(),
            generation: 0,
            confirmed: false,
            rotated_at: self.now(),
            ended: false,
        });
        let answer = self.tokens(session);
        TokenAnswer {
            access_token: answer["access_token"].as_str().unwrap_or_default().to_owned(),
            refresh_token: answer["refresh_token"].as_str().map(str::to_owned),
            expires_in: answer["expires_in"].as_f64(),
        }
    }

    /// Ends all sessions of a user.
    pub fn end_sessions(&self, user: &str) {
        self.sessions.borrow_mut().iter_mut().filter(|session| session.user == user).for_each(|session| session.ended = true);
    }

    /// Whether a user has a live session.
    #[must_use]
    pub fn has_session(&self, user: &str) -> bool {
        self.sessions.borrow().iter().any(|session| session.user == user && !session.ended)
    }

    /// Whose access token this is, if it is one of ours.
    #[must_use]
    pub fn owner(&self, access_token: &str) -> Option<String> {
        let session = self.access.borrow().get(access_token)?.session;
        Some(self.sessions.borrow()[session].user.clone())
    }

    /// What no client may do, and one did: two refreshes at once or for one rotation, one that was not due, a token of somebody
    /// else, one that had run out or went abroad, a refresh given up, a request sent more often than its one replay, or with another
    /// body. Requests are known by a header `x-name`, whom they are for by `x-as`, what they carry by `x-body`.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.borrow().clone()
    }

    fn complain(&self, what: impl Into<String>) {
        let what = what.into();
        if let Some(world) = self.world.upgrade() {
            World(world).note(|| format!("*** {what}"));
        }
        self.complaints.borrow_mut().push(what);
    }

    pub(super) fn disturb(&self, tab: usize) {
        let mut sessions = self.sessions.borrow_mut();
        for open in self.open.borrow().iter().filter(|open| open.tab == tab && !open.done.get()) {
            open.disturbed.set(true);
            if let Some(session) = open.session.and_then(|session| sessions.get_mut(session)) {
                session.excused = true;
            }
        }
    }

    /// A tab is gone whose last write has not reached the others: its lock is free before they know of its tokens.
    pub(super) fn excuse(&self) {
        self.sessions.borrow_mut().iter_mut().for_each(|session| session.excused = true);
    }

    fn now(&self) -> f64 {
        self.world.upgrade().map_or(0.0, |world| World(world).now()) + self.clock_off.get()
    }

    fn count(&self, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.get();
        change(&mut seen);
        self.seen.set(seen);
    }

    /// The tokens of a session's current generation.
    fn tokens(&self, session: usize) -> Value {
        let (user, generation) = {
            let sessions = self.sessions.borrow();
            (sessions[session].user.clone(), sessions[session].generation)
        };
        let (now, ttl) = (self.now(), self.access_ttl.get());
        let until = now + ttl;
        let number = self.access.borrow().len();
        let mut claims = json!({"sub": user, "username": user, "exp": (until / 1_000.0).ceil(), "jti": number});
        if !self.terse.get() {
            claims["iat"] = (now / 1_000.0).floor().into();
        }
        let access_token = format!("SECRET.{}.{number}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        self.access.borrow_mut().insert(access_token.clone(), Access { session, generation, until });
        json!({"access_token": access_token, "refresh_token": format!("SECRET-{session}-{generation}"), "expires_in": ttl / 1_000.0})
    }

    pub(super) fn fetch(&self, tab: &Tab, attempt: &Attempt<'_>) -> LocalBoxFuture<'static, Result<Box<dyn Answer>, Error>> {
        let named = |name: &str| attempt.request.headers().find(|(set, _)| *set == name).map(|(_, value)| value.to_owned());
        let asked = Asked {
            name: named("x-name"),
            begun_as: named("x-as"),
            expected_body: named("x-body").map(String::into_bytes),
            path: attempt.address.path.clone(),
            query: attempt.address.href.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default(),
            bearer: attempt.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned),
            home: attempt.address.origin == "https://api.example.com",
            follows_redirects: attempt.request.follows_redirects(),
            body: match attempt.body.content() {
                Content::Text(text) => text.as_bytes().to_vec(),
                Content::Bytes(bytes) => bytes.to_vec(),
                _ => Vec::new(),
            },
        };
        let world = tab.world();
        let fault = if asked.is_refresh() { self.next_faults.borrow_mut().pop_front() } else { None }.unwrap_or(self.down.get());
        let (shortest, longest) = self.latency.get();
        let way = |world: &World| shortest + world.fraction() * (longest - shortest);
        let (there, back) = (way(&world), way(&world));
        let (tell, heard) = oneshot::channel::<Result<Replied, Error>>();
        let page = tab.clone();
        let tab = tab.number();
        let later = world.clone();
        let open = asked.is_refresh().then(|| self.opens(tab, asked.refresh_token().map(|(session, _)| session)));
        let watched = open.clone();
        world.note(|| format!("tab {tab} sends {} {fault:?}", asked.path));
        self.look_at_the_age(&asked);
        world.after(there, move || {
            // An aborted request that was still under way never arrives.
            if tell.is_canceled() || page.is_gone() {
                return;
            }
            let world = later.clone();
            match fault {
                Fault::Hangs => later.after(3_600_000.0, move || drop(tell)),
                Fault::Redirect if !asked.follows_redirects => drop(tell.send(Err(Error::Network("redirected".into())))),
                Fault::Unreachable => drop(tell.send(Err(Error::Network("unreachable".into())))),
                _ => {
                    let mut replied = later.server().answer(&asked, fault);
                    replied.stalls = fault == Fault::Stalls;
                    later.note(|| format!("server answers tab {tab} {} {}", asked.path, replied.status));
                    let lost = fault == Fault::Lost;
                    drop(watched);
                    world.after(back, move || drop(tell.send(if lost { Err(Error::Network("lost".into())) } else { Ok(replied) })));
                }
            }
        });
        let closing = open.map(|open| Closing { open, world: self.world.clone() });
        async move {
            let heard = heard.await;
            if let Some(closing) = &closing {
                closing.open.answered.set(true);
                closing.open.delivered.set(matches!(heard, Ok(Ok(_))));
            }
            drop(closing);
            let replied = heard.map_err(|_| Error::Network("cut off".into()))??;
            Ok(Box::new(replied) as Box<dyn Answer>)
        }
        .boxed_local()
    }

    /// A client knows when its token runs out, as far as messages and the seconds of a `Date` allow.
    fn look_at_the_age(&self, asked: &Asked) {
        let access = self.access.borrow();
        let Some(access) = asked.bearer.as_ref().and_then(|token| access.get(token)) else { return };
        let excused = self.sessions.borrow()[access.session].excused || self.lenient.get();
        let late = self.now() - access.until;
        if late > self.slowest.get() + 1_500.0 && !excused {
            self.complain(format!("a token was sent that had run out {late:.0} ms before"));
        }
    }

    /// One at a time, of those who are awake.
    fn opens(&self, tab: usize, session: Option<usize>) -> Rc<Open> {
        let no = || Cell::new(false);
        let open = Rc::new(Open { tab, session, since: self.now(), answered: no(), done: no(), disturbed: no(), delivered: no() });
        self.open.borrow_mut().retain(|open| !open.done.get());
        let other = self.open.borrow().iter().find(|other| !other.disturbed.get() && other.session == session).map(|other| other.tab);
        if let Some(other) = other {
            self.complain(format!("tab {tab} asks for new tokens while tab {other} does"));
        }
        self.open.borrow_mut().push(open.clone());
        open
    }

    fn answer(&self, asked: &Asked, fault: Fault) -> Replied {
        let replied = match fault {
            Fault::Status(status) => Replied::json(status, &json!({"statusCode": status})),
            Fault::Html(status) => Replied::text(status, "<!doctype html><title>Proxy</title>"),
            Fault::Redirect => Replied::json(401, &json!({"statusCode": 401})).from("https://elsewhere.example.com/"),
            Fault::RetryAfter(seconds) => Replied::json(429, &json!({})).with("retry-after", seconds.to_string()),
            _ => self.serve(asked),
        };
        // Elsewhere the clocks are a day fast.
        let off = if asked.home { 0.0 } else { 86_400_000.0 };
        if self.silent.get() { replied } else { replied.with("date", date(self.now() + off)) }
    }

    fn serve(&self, asked: &Asked) -> Replied {
        match asked.path.as_str() {
            "/user/refresh" | "/oauth/token" => self.refresh(asked),
            "/user/logout" | "/oauth/revoke" => {
                self.count(|seen| seen.logouts += 1);
                if let Some((session, _)) = asked.refresh_token()
                    && let Some(session) = self.sessions.borrow_mut().get_mut(session)
                {
                    session.ended = true;
                }
                Replied::text(204, "")
            }
            "/aaa" => Replied::text(200, "aaa"),
            // From a cache that has had it for twenty minutes.
            "/old" => Replied::text(200, "old").with("age", "1200".into()).with("date", date(self.now() - 1_200_000.0)),
            "/forbidden" => Replied::json(403, &json!({})),
            path => {
                let good = path != "/always401" && self.guard(asked);
                self.watch(asked, good);
                if good {
                    self.count(|seen| seen.guarded += 1);
                    if path == "/echo" { Replied::bytes(200, asked.body.clone()) } else { Replied::text(200, path.trim_start_matches('/')) }
                } else {
                    self.count(|seen| seen.unauthorized += 1);
                    Replied::json(401, &json!({"statusCode": 401, "code": "invalid_token"}))
                }
            }
        }
    }

    fn guard(&self, asked: &Asked) -> bool {
        let access = self.access.borrow();
        let Some(access) = asked.bearer.as_ref().and_then(|token| access.get(token)) else { return false };
        let mut sessions = self.sessions.borrow_mut();
        let session = &mut sessions[access.session];
        let good = asked.home && !session.ended && access.until > self.now();
        if good && access.generation == session.generation {
            session.confirmed = true;
        }
        good
    }

    /// Whether a request of this name may arrive now, with this token.
    fn watch(&self, asked: &Asked, good: bool) {
        if asked.bearer.is_some() && !asked.home {
            self.complain("a token went abroad");
        }
        if asked.expected_body.as_ref().is_some_and(|expected| *expected != asked.body) {
            self.complain("a request came with another body than it was given");
        }
        let owner = asked.bearer.as_ref().and_then(|token| self.owner(token));
        if let (Some(owner), Some(begun_as)) = (&owner, &asked.begun_as)
            && owner != begun_as
        {
            self.complain(format!("a request of {begun_as} came with a token of {owner}"));
        }
        if let Some(access) =
            asked.bearer.as_ref().and_then(|token| self.access.borrow().get(token).map(|access| (access.session, access.generation)))
            && let Some(session) = self.sessions.borrow_mut().get_mut(access.0).filter(|session| session.generation == access.1)
        {
            session.doubted |= !good;
        }
        let Some(name) = asked.name.clone() else { return };
        let (before, refused) = self.arrivals.borrow().get(&name).copied().unwrap_or_default();
        if before > 1 || before == 1 && !refused {
            self.complain(format!("request {name} came once too often"));
        }
        self.arrivals.borrow_mut().insert(name, (before + 1, !good));
    }

    fn refresh(&self, asked: &Asked) -> Replied {
        self.count(|seen| seen.refreshes += 1);
        let refused =
            |error: &str| Replied::json(if asked.path == "/oauth/token" { 400 } else { 401 }, &json!({"statusCode": 401, "error": error}));
        let Some((number, presented)) = asked.refresh_token() else {
            self.count(|seen| seen.refused += 1);
            return refused("invalid_grant");
        };
        {
            let mut sessions = self.sessions.borrow_mut();
            let now = self.now();
            let Some(session) = sessions.get_mut(number).filter(|session| !session.ended && presented <= session.generation) else {
                self.count(|seen| seen.refused += 1);
                return refused("invalid_grant");
            };
            if presented == session.generation {
                let left = session.rotated_at + self.access_ttl.get() - now;
                // A client may be wrong by what messages take, and by the seconds that a Date counts in.
                if !session.doubted
                    && session.generation > 0
                    && left > self.access_ttl.get() / 10.0 + 1_000.0 + self.slowest.get()
                    && !self.lenient.get()
                {
                    self.complain(format!("new tokens, though the old ones had {left:.0} ms to live"));
                }
                session.generation += 1;
                // Who was frozen on the way will not hear of it.
                session.excused =
                    self.open.borrow().iter().any(|open| open.session == Some(number) && open.disturbed.get() && !open.done.get());
                session.doubted = false;
                session.confirmed = false;
                session.rotated_at = now;
                self.count(|seen| seen.rotated += 1);
            } else if presented + 1 == session.generation && (!session.confirmed || now - session.rotated_at < self.leeway.get()) {
                if !session.excused {
                    self.complain("new tokens twice for one rotation");
                }
                self.count(|seen| seen.repeated += 1);
            } else {
                session.ended = true;
                self.complain("an old refresh token came back");
                self.count(|seen| seen.stolen += 1);
                return refused("invalid_grant");
            }
        }
        Replied::json(200, &self.tokens(number))
    }
}

struct Asked {
    name: Option<String>,
    begun_as: Option<String>,
    expected_body: Option<Vec<u8>>,
    path: String,
    query: String,
    bearer: Option<String>,
    home: bool,
    follows_redirects: bool,
    body: Vec<u8>,
}

impl Asked {
    fn is_refresh(&self) -> bool {
        matches!(self.path.as_str(), "/user/refresh" | "/oauth/token")
    }

    /// Session and generation, from JSON, form or query.
    fn refresh_token(&self) -> Option<(usize, u64)> {
        let from_form = |bytes: &[u8]| {
            form_urlencoded::parse(bytes).find(|(name, _)| name == "refresh_token" || name == "token").map(|(_, token)| token.into_owned())
        };
        let from_json = || serde_json::from_slice::<Value>(&self.body).ok()?.get("refresh_token")?.as_str().map(str::to_owned);
        let token = from_json().or_else(|| from_form(&self.body)).or_else(|| from_form(self.query.as_bytes()))?;
        let (session, generation) = token.strip_prefix("SECRET-")?.split_once('-')?;
        Some((session.parse().ok()?, generation.parse().ok()?))
    }
}

/// The page no longer waits for it.
struct Closing {
    open: Rc<Open>,
    world: Weak<world::Inner>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.open.done.set(true);
        if let Some(world) = self.world.upgrade()
            && !self.open.answered.get()
            && !self.open.disturbed.get()
            && world.server.now() - self.open.since < PATIENCE
        {
            world.server.complain("a refresh was given up before its time");
        }
        if !self.open.delivered.get()
            && let Some(session) = self.open.session
            && let Some(world) = self.world.upgrade()
            && let Some(session) = world.server.sessions.borrow_mut().get_mut(session)
        {
            session.excused = true;
        }
    }
}

struct Replied {
    status: u16,
    url: &'static str,
    stalls: bool,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Replied {
    fn bytes(status: u16, body: Vec<u8>) -> Replied {
        Replied { status, url: "", stalls: false, headers: Vec::new(), body }
    }

    fn text(status: u16, body: &str) -> Replied {
        Replied::bytes(status, body.as_bytes().to_vec())
    }

    fn json(status: u16, body: &Value) -> Replied {
        Replied::bytes(status, body.to_string().into_bytes())
    }

    fn from(mut self, url: &'static str) -> Replied {
        self.url = url;
        self
    }

    fn with(mut self, name: &'static str, value: String) -> Replied {
        self.headers.push((name, value));
        self
    }
}

impl Answer for Replied {
    fn status(&self) -> u16 {
        self.status
    }

    fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(set, _)| *set == name).map(|(_, value)| value.clone())
    }

    fn url(&self) -> String {
        self.url.to_owned()
    }

    fn bytes(&self) -> LocalBoxFuture<'static, Result<Vec<u8>, Error>> {
        let body = self.body.clone();
        if self.stalls { pending().boxed_local() } else { async move { Ok(body) }.boxed_local() }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// An HTTP `Date` (RFC 9110 §5.6.7).
fn date(milliseconds: f64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = (milliseconds / 1_000.0).floor() as i64;
    let (mut days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    let mut month = 0;
    for length in [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("Day, {:02} {} {year} {:02}:{:02}:{:02} GMT", days + 1, MONTHS[month], time / 3_600, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::date;
    use crate::clock::parse_date;

    #[test]
    fn dates_come_back_as_they_went() {
        for seconds in [0.0, 951_782_400.0, 1_709_208_000.0, 1_790_000_000.0, 4_102_444_799.0] {
            assert_eq!(parse_date(&date(seconds * 1_000.0)), Some(seconds * 1_000.0 + 500.0), "{}", date(seconds * 1_000.0));
        }
    }
}
