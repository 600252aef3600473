//! One random schedule of a browser: a few tabs, two users, and a server with outages.

use futures::future::{AbortHandle, FutureExt, abortable};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use web_sys::RequestCredentials;
use wugan::{
    AuthState, Body, Client, Event, SignIn, SignOutReason,
    grant::{Cookie, Json, OAuth2},
};
use wugan_testing::{API, Fault, PlatformEvent, ReusePolicy, Running, Server, Simulation, StoreError, Tab};

/// Where the server signs users in and refreshes, if that machine is not the API's: its clock differs.
const IDENTITY: &str = "https://id.example.com";

/// Another backend of the same page.
const OTHER: &str = "https://other.example.com";

/// Its only user.
const EVE: &str = "eve";

const KEY: &str = "wugan:https://api.example.com/user/refresh";

/// The default timeout of a request, in milliseconds.
const TIMEOUT: f64 = 30_000.0;

/// How long a call may take whose body is made by a function, and may be large. It waits twice, for the default timeout at most, and sends
/// twice. With two refused proofs, each sending is three requests and three responses, of 3 s at most each.
const LARGE_BODY_TIMEOUT: f64 = 2.0 * TIMEOUT + 12.0 * 3_000.0;

/// By how many milliseconds the device's clock is wrong.
const CLOCK_OFFSETS: [f64; 5] = [0.0, -86_400_000.0, -7_200_000.0, 7_200_000.0, 86_400_000.0];

const LATER_VERSION: &str = "{\"v\":99}";

const USERS: [&str; 2] = ["ada", "bob"];

const JSON: &str = "application/json";

/// Answers of a proxy or a gateway that say nothing about the refresh token.
const NO_VERDICTS: [Fault; 3] = [
    Fault::Challenge("Basic realm=\"staging\""),
    Fault::Reply { status: 403, content_type: JSON, body: "{\"message\":\"Forbidden\"}" },
    Fault::Reply { status: 401, content_type: "", body: "\u{feff}<!doctype html>" },
];

/// Answers that end a session, though the server has not ended it.
const VERDICTS: [Fault; 2] = [
    Fault::Reply { status: 403, content_type: JSON, body: "{\"error\":\"invalid_grant\"}" },
    Fault::Reply { status: 401, content_type: "text/plain", body: "Unauthorized" },
];

struct OpenTab {
    tab: Tab,
    client: Client,
    /// The client of the other backend.
    other: Option<Client>,
    is_frozen: bool,
    /// It was frozen while a write of it was on its way to the other tabs.
    froze_while_writing: bool,
    events: Rc<RefCell<Vec<Event>>>,
}

struct Call {
    tab: usize,
    started: f64,
    /// How long it may take, in milliseconds.
    timeout: f64,
    /// Its tab was frozen meanwhile, so it may take any time.
    may_be_late: bool,
    is_settled: bool,
    /// Completes with the time at which the call was settled.
    running: Running<f64>,
    abort: AbortHandle,
}

/// The policies in the order of [`LOST`].
pub(crate) const POLICIES: [ReusePolicy; 3] = [ReusePolicy::AttemptId, ReusePolicy::UntilUsed, ReusePolicy::Never];

/// How many sessions were lost by a second exchange that no client can prevent: without and with Web Locks, for each policy.
pub(crate) static LOST: [[AtomicU64; 3]; 2] = [const { [const { AtomicU64::new(0) }; 3] }; 2];

/// What identifies the session and the tokens of a record in the store.
#[derive(serde::Deserialize)]
struct StoredSession {
    session: String,
    access_token: String,
}

pub(crate) struct Scenario {
    sim: Simulation,
    tabs: Vec<OpenTab>,
    calls: Vec<Call>,
    names: u64,
    /// Users whose session was ended by the server, or was lost in a way that the documentation describes.
    ended_users: BTreeSet<String>,
    /// The user after the last sign-in or sign-out.
    last_user: Option<&'static str>,
    /// The session of the last sign-in, by its id in the store.
    last_session: Option<String>,
    /// The user of each session, by the session's id in the store.
    sessions: BTreeMap<String, &'static str>,
    /// A sign-out request arrived, or the server ended a session.
    has_ended_session: bool,
    has_locks: bool,
    policy: ReusePolicy,
    /// Sessions are bound to a key.
    has_dpop: bool,
    /// The refresh token is in a cookie.
    has_cookie: bool,
    /// The token endpoint is at [`IDENTITY`].
    has_identity: bool,
    other: Option<Server>,
    /// How often each user was renamed.
    renamed: BTreeMap<&'static str, usize>,
    /// An answer of the token endpoint has ended a session that the server goes on with, or will.
    has_false_verdict: bool,
    /// The refresh token is exchanged in a form, as at an OAuth 2.0 token endpoint.
    has_oauth: bool,
    /// The key of the last sign-in was removed from the browser.
    is_key_lost: bool,
    has_lost_a_key: bool,
    /// A later version of the library has taken over the record.
    is_handed_over: bool,
    /// The browser has one tab, and its storage fails at random.
    is_fragile: bool,
    /// The storage was cleared, and the order of the sessions with it: only the device's clock tells a later session.
    has_lost_order: bool,
    clock_offset: f64,
    latest_clock_offset: f64,
}

impl Scenario {
    pub(crate) fn run(seed: u64) -> Result<(), String> {
        Scenario::start(seed, false).1
    }

    /// Runs a seed and records its timeline.
    pub(crate) fn run_traced(seed: u64) -> (String, Result<(), String>) {
        Scenario::start(seed, true)
    }

    fn start(seed: u64, is_traced: bool) -> (String, Result<(), String>) {
        let sim = Simulation::new(seed);
        if is_traced {
            sim.trace();
        }
        let mut scenario = Scenario {
            sim: sim.clone(),
            tabs: Vec::new(),
            calls: Vec::new(),
            names: 0,
            ended_users: BTreeSet::new(),
            last_user: None,
            last_session: None,
            sessions: BTreeMap::new(),
            has_ended_session: false,
            is_handed_over: false,
            has_locks: sim.random(4) > 0,
            policy: [ReusePolicy::AttemptId, ReusePolicy::AttemptId, ReusePolicy::UntilUsed, ReusePolicy::Never][sim.random(4) as usize],
            has_dpop: sim.random(3) == 0,
            has_cookie: false,
            has_identity: false,
            other: None,
            renamed: BTreeMap::new(),
            has_false_verdict: false,
            has_oauth: false,
            is_key_lost: false,
            has_lost_a_key: false,
            is_fragile: sim.random(8) == 0,
            has_lost_order: false,
            clock_offset: CLOCK_OFFSETS[sim.random(5) as usize],
            latest_clock_offset: f64::MIN,
        };
        scenario.latest_clock_offset = scenario.clock_offset;
        if !scenario.has_dpop && sim.random(4) == 0 {
            scenario.has_cookie = true;
            // Without locks, a late answer may replace the cookie of the next user. A cookie is exchanged without an attempt id.
            scenario.has_locks = true;
            scenario.policy = [ReusePolicy::UntilUsed, ReusePolicy::Never][sim.random(2) as usize];
        }
        if !scenario.has_cookie && sim.random(4) == 0 {
            scenario.has_identity = true;
            sim.server().add_base(IDENTITY, [-70_000.0, 70_000.0][sim.random(2) as usize]);
        }
        if sim.random(4) == 0 {
            scenario.other = Some(sim.add_server(OTHER));
        }
        if !scenario.has_cookie && !scenario.has_identity && sim.random(4) == 0 {
            scenario.has_oauth = true;
            // A form has no attempt id.
            scenario.policy = [ReusePolicy::UntilUsed, ReusePolicy::Never][sim.random(2) as usize];
        }
        let outcome = scenario.steps().inspect_err(|violation| sim.note(|| format!("*** {violation}")));
        let timeline = sim.timeline();
        // The outcome names the first one.
        scenario.servers().for_each(|server| drop(server.violations()));
        scenario.calls.clear();
        scenario.tabs.clear();
        drop(scenario);
        sim.end();
        (timeline, outcome)
    }

    fn steps(&mut self) -> Result<(), String> {
        let (has_locks, policy, is_fragile) = (self.has_locks, self.policy, self.is_fragile);
        let (has_dpop, has_cookie, has_oauth) = (self.has_dpop, self.has_cookie, self.has_oauth);
        self.sim.note(|| {
            format!("locks: {has_locks}, {policy:?}, fragile: {is_fragile}, DPoP: {has_dpop}, cookie: {has_cookie}, OAuth: {has_oauth}")
        });
        let (has_identity, has_other) = (self.has_identity, self.other.is_some());
        self.sim.note(|| format!("an identity server: {has_identity}, another backend: {has_other}"));
        let ttl = [5.0, 60.0, 1_800.0][self.dice(3)];
        let server = self.sim.server();
        server.set_access_ttl(seconds(ttl));
        server.set_reuse_policy(self.policy);
        server.set_leeway(Duration::from_secs([0, 0, 10][self.dice(3)]));
        let hides_date = self.dice(4) == 0;
        server.hide_date(hides_date);
        if self.has_dpop {
            // Without a nonce, a device with a wrong clock learns only from the `Date` which time a proof must name.
            let has_nonces = hides_date || self.dice(2) == 0;
            let step = seconds([20.0, 120.0][self.dice(2)]);
            server.use_dpop(has_nonces.then_some(step));
        }
        let latency = seconds([0.02, 0.3, 3.0][self.dice(3)]);
        for server in self.servers() {
            server.set_latency(Duration::from_millis(1), latency);
            if !self.has_locks {
                server.allow_duplicates();
            }
        }
        if let Some(other) = &self.other {
            other.set_access_ttl(seconds([5.0, 60.0, 1_800.0][self.dice(3)]));
        }
        if self.has_cookie {
            // A tab that takes a suspended one for the holder of the lock exchanges the cookie that the suspended one has received.
            server.allow_early_refreshes();
        }
        self.sim.set_store_lag(Duration::from_millis([0, 5, 50][self.dice(3)]));
        for _ in 0..=if self.is_fragile { 0 } else { self.dice(3) } {
            self.open_tab();
        }
        self.sign_in(0);
        if let (Some(server), Some(client)) = (&self.other, &self.tabs[0].other) {
            client.session().sign_in(server.sign_in(EVE));
        }
        for _ in 0..12 + self.dice(20) {
            self.act(ttl)?;
            self.check()?;
        }
        self.finish()
    }

    fn dice(&self, sides: u64) -> usize {
        self.sim.random(sides) as usize
    }

    fn servers(&self) -> impl Iterator<Item = Server> {
        [self.sim.server()].into_iter().chain(self.other.clone())
    }

    /// The present name of a user.
    fn name(&self, user: &str) -> String {
        self.renamed.get(user).map_or_else(|| user.to_owned(), |times| format!("{user}.{times}"))
    }

    fn any_tab(&self) -> usize {
        self.dice(self.tabs.len() as u64)
    }

    fn open_tab(&mut self) {
        let tab = self.sim.tab();
        tab.set_web_locks(self.has_locks);
        tab.set_clock_offset(self.clock_offset);
        let builder = Client::builder(API).dpop(self.has_dpop);
        let cookie = Cookie::new("/cookie/refresh").revoke("/cookie/logout");
        let at = |path: &str| format!("{IDENTITY}{path}");
        let client = tab.client(if self.has_cookie {
            builder.grant(cookie).credentials(RequestCredentials::Include).storage_key(KEY)
        } else if self.has_oauth {
            builder.grant(OAuth2::new("/oauth/token", "app").revoke("/oauth/revoke")).storage_key(KEY)
        } else if self.has_identity {
            let grant = Json::new(at("/user/refresh")).revoke(at("/user/logout")).attempt_field("attempt");
            builder.grant(grant).storage_key(KEY)
        } else {
            builder
        });
        let other = self.other.as_ref().map(|_| tab.client(Client::builder(OTHER)));
        let events = Rc::new(RefCell::new(Vec::new()));
        let recorded = events.clone();
        let (sim, name) = (self.sim.clone(), format!("{tab:?}"));
        client
            .session()
            .on_event(move |timed| {
                sim.note(|| format!("{name} {:?}", timed.event));
                recorded.borrow_mut().push(timed.event.clone());
            })
            .forget();
        self.tabs.push(OpenTab { tab, client, other, is_frozen: false, froze_while_writing: false, events });
    }

    /// A user needs a moment to get to another tab, longer than a write in the old tab needs to the new one.
    fn can_switch_to(&self, tab: usize) -> bool {
        self.advance(0.1);
        !self.tabs[tab].is_frozen
    }

    fn sign_in(&mut self, user: usize) {
        let (tab, user) = (self.any_tab(), USERS[user]);
        if !self.can_switch_to(tab) {
            return;
        }
        self.sim.note(|| format!("tab {tab} signs in as {user}"));
        let token = if self.has_dpop || self.has_cookie || self.has_identity {
            let Some(token) = self.sign_in_by_a_form(tab, user) else { return };
            self.is_key_lost = self.has_dpop && !self.sim.has_keys();
            token
        } else {
            let tokens = self.sim.server().sign_in(&self.name(user));
            let token = tokens.access_token.clone();
            self.tabs[tab].client.session().sign_in(tokens);
            token
        };
        if let Some(record) = self.stored().filter(|record| record.access_token == token) {
            self.sessions.insert(record.session.clone(), user);
            self.last_session = Some(record.session);
        }
        if !self.is_handed_over && !self.has_false_verdict {
            self.ended_users.remove(user);
        }
        self.last_user = Some(user);
    }

    /// Returns the access token. `None`: an outage prevented the sign-in.
    fn sign_in_by_a_form(&self, tab: usize, user: &str) -> Option<String> {
        let OpenTab { tab, client, .. } = &self.tabs[tab];
        let path = if self.has_cookie { "/cookie/login" } else { "/user/login" };
        let url = if self.has_identity { format!("{IDENTITY}{path}") } else { path.to_owned() };
        let request = client.post(url).json(&serde_json::json!({"username": self.name(user), "password": "any"}));
        let signed_in = self.sim.block_on(tab.run(async move {
            match request.sign_in().await {
                Ok(SignIn::Done(response)) => response.json::<serde_json::Value>().await.ok(),
                Ok(SignIn::Refused(_)) | Err(_) => None,
            }
        }));
        Some(signed_in?["access_token"].as_str()?.to_owned())
    }

    /// A thief has a copy of localStorage and no key.
    fn check_thief(&self) -> Result<(), String> {
        let record: serde_json::Value = self.sim.stored(KEY).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let text = |name: &str| record[name].as_str().unwrap_or_default();
        let server = self.sim.server();
        if server.accepts(text("access_token")) || server.exchange(text("refresh_token"), record["attempt"].as_str()).is_some() {
            return Err("a copy of the tokens is of use without the key".into());
        }
        Ok(())
    }

    fn send_requests(&mut self, tab: usize, count: usize) {
        let open = &self.tabs[tab];
        // A frozen tab sends nothing.
        if open.is_frozen {
            return;
        }
        for _ in 0..count {
            self.names += 1;
            let name = self.names.to_string();
            let client = open.other.as_ref().filter(|_| self.dice(3) == 0).unwrap_or(&open.client);
            let mut timeout = TIMEOUT;
            let mut request = match self.dice(14) {
                0 => client.get("/always401"),
                1 => client.get("https://elsewhere.example.com/bbb"),
                2 | 3 => {
                    let body = name.clone();
                    timeout = LARGE_BODY_TIMEOUT;
                    client.post("/echo").header("x-body", &name).body(Body::from_fn(move || Body::from(body.clone())))
                }
                4 if self.other.is_some() => client.get(format!("{}/bbb", [API, OTHER][self.dice(2)])),
                4 => client.get("/cached"),
                5 => client.get("/replayed"),
                _ => client.get("/bbb"),
            }
            .header("x-name", &name);
            if let Some(user) = client.session().info().user {
                request = request.header("x-as", &user.id);
            }
            // The user of a request is the one at its start, which is now.
            let mut sending = Box::pin(async move { request.send().await.map(drop) });
            let early = (&mut sending).now_or_never();
            let (sending, abort) = abortable(async move {
                match early {
                    Some(result) => result,
                    None => sending.await,
                }
            });
            let sim = self.sim.clone();
            let running = open.tab.run(async move {
                let _ = sending.await;
                sim.now()
            });
            self.calls.push(Call { tab, started: self.sim.now(), timeout, may_be_late: false, is_settled: false, running, abort });
        }
    }

    fn advance(&self, time: f64) {
        self.sim.advance(seconds(time));
    }

    /// Advances to about the moment at which new tokens arrive, so that the next action happens there.
    fn advance_to_a_refresh(&self) {
        let before = self.sim.server().stats().refreshes;
        for _ in 0..500 {
            self.advance(0.01);
            if self.sim.server().stats().refreshes > before {
                break;
            }
        }
        self.advance(self.sim.random(1_000) as f64 / 1_000.0 * [0.02, 0.3, 3.0][self.dice(3)]);
    }

    fn act(&mut self, ttl: f64) -> Result<(), String> {
        let tab = self.any_tab();
        let random_time = |longest: f64| self.sim.random(1_000_000) as f64 / 1e6 * longest;
        match self.dice(43) {
            0..=7 => {
                let count = 1 + self.dice(6);
                self.send_requests(tab, count);
            }
            8..=11 => self.advance(random_time(0.2)),
            12..=14 => self.advance(random_time(20.0)),
            15 | 16 => self.advance(random_time(ttl * 1.5)),
            17 => self.advance(ttl),
            18 | 19 => self.freeze(tab),
            20 | 21 => self.thaw(tab),
            // A crash while new tokens are on their way to other tabs costs the session; no client can prevent that.
            22 if !self.is_fragile && !self.tabs[tab].froze_while_writing && !self.tabs[tab].tab.has_unpublished_writes() => {
                self.crash(tab);
            }
            23 if !self.is_fragile => self.open_tab(),
            24 if self.can_switch_to(tab) => {
                self.sim.note(|| format!("tab {tab} signs out"));
                match self.last_user {
                    // The tab stored tokens of an older session before it could read the last sign-in, and ends that older session.
                    Some(user) if self.stored_in(tab).is_some_and(|record| Some(record.session) != self.last_session) => {
                        self.ended_users.insert(user.to_owned());
                    }
                    _ => self.last_user = None,
                }
                self.has_ended_session = true;
                self.tabs[tab].client.session().sign_out();
            }
            25 => {
                let user = self.dice(2);
                self.sign_in(user);
            }
            26 | 27 => {
                self.sim.note(|| "the server revokes all access tokens".into());
                self.sim.server().revoke_access_tokens();
            }
            28 => {
                let user = USERS[self.dice(2)];
                self.sim.note(|| format!("the server ends the sessions of {user}"));
                self.ended_users.insert(user.to_owned());
                self.has_ended_session = true;
                self.sim.server().end_sessions(&self.name(user));
            }
            29 | 30 => self.fail_next_refreshes(),
            31 => {
                let faults = [Fault::None, Fault::None, Fault::Unreachable, Fault::Status(502)];
                self.sim.server().fail(faults[self.dice(4)]);
                if self.dice(2) == 0 {
                    self.tabs[tab].tab.notify(PlatformEvent::Online);
                }
            }
            32 => {
                let offset = CLOCK_OFFSETS[self.dice(5)];
                self.clock_offset = if self.has_lost_order { offset.max(self.clock_offset) } else { offset };
                self.latest_clock_offset = self.latest_clock_offset.max(self.clock_offset);
                self.sim.note(|| format!("the device's clock is set to {} h", self.clock_offset / 3_600_000.0));
                // All tabs are on one device. A clock set forward looks like sleep, so one early refresh is right.
                self.servers().for_each(|server| server.allow_early_refreshes());
                self.tabs.iter().for_each(|open| open.tab.set_clock_offset(self.clock_offset));
            }
            33 => {
                let is_hidden = self.dice(2) == 0;
                self.tabs[tab].tab.hide(is_hidden);
            }
            34 | 35 if !self.calls.is_empty() => {
                let call = self.calls.swap_remove(self.dice(self.calls.len() as u64));
                self.sim.note(|| format!("a caller in tab {} drops its request", call.tab));
                call.abort.abort();
            }
            36 | 37 => self.advance_to_a_refresh(),
            38 if self.is_fragile => {
                let error = [None, Some(StoreError::Denied), Some(StoreError::Full)][self.dice(3)];
                self.sim.note(|| format!("the storage fails: {error:?}"));
                self.tabs[tab].tab.set_store_error(error);
            }
            39 if self.is_fragile => {
                let text = [None, Some("rubbish"), Some(LATER_VERSION)][self.dice(3)];
                self.sim.note(|| format!("the storage is overwritten: {text:?}"));
                if text == Some(LATER_VERSION) {
                    // The later version owns the session now. Here it ends with its access token.
                    self.is_handed_over = true;
                    self.has_ended_session = true;
                    self.ended_users.extend(USERS.map(str::to_owned));
                }
                self.sim.overwrite(KEY, text);
            }
            // While a tab is suspended, or a write is on its way, a clearing loses the order of the sessions; also after the clock was set back.
            40 if self.has_cookie
                && self.last_user.is_some()
                && self.clock_offset >= self.latest_clock_offset
                && !self.tabs.iter().any(|open| open.is_frozen || open.tab.has_unpublished_writes()) =>
            {
                self.sim.note(|| format!("the storage is cleared, and tab {tab} resumes"));
                self.has_lost_order = true;
                self.sim.overwrite(KEY, None);
                // All tabs learn of it before the next sign-in.
                self.tabs.iter().for_each(|open| open.tab.notify(PlatformEvent::Stored));
                let client = self.tabs[tab].client.clone();
                drop(self.tabs[tab].tab.run(async move { client.resume().await }));
            }
            40 if self.has_dpop => {
                self.sim.note(|| "a thief tries a copy of the store".into());
                self.check_thief()?;
            }
            41 if self.has_dpop && self.dice(3) == 0 => {
                self.sim.note(|| "the browser removes the key".into());
                (self.is_key_lost, self.has_lost_a_key) = (true, true);
                self.sim.clear_keys();
            }
            // With a cookie, a renamed user is another one.
            42 if !self.has_cookie => {
                let user = USERS[self.dice(2)];
                let former = self.name(user);
                *self.renamed.entry(user).or_default() += 1;
                self.sim.note(|| format!("{former} is now {}", self.name(user)));
                self.sim.server().rename(&former, &self.name(user));
            }
            _ => {}
        }
        self.sim.settle();
        Ok(())
    }

    fn fail_next_refreshes(&mut self) {
        let mut faults = vec![
            Fault::Unreachable,
            Fault::Hangs,
            Fault::Status(503),
            Fault::Status(400),
            Fault::Html(200),
            Fault::Html(401),
            Fault::RetryAfter(3),
            Fault::RetryAfter(0),
            Fault::Redirect,
        ];
        // A lost response costs the session on a server that never repeats an exchange.
        if self.policy != ReusePolicy::Never {
            faults.extend([Fault::Lost; 3]);
        }
        faults.extend(NO_VERDICTS);
        let mut next: Vec<_> = (0..=self.dice(3)).map(|_| faults[self.dice(faults.len() as u64)]).collect();
        if self.dice(20) == 0 {
            next.push(VERDICTS[self.dice(2)]);
            (self.has_false_verdict, self.has_ended_session) = (true, true);
            self.ended_users.extend(USERS.map(str::to_owned));
        }
        self.sim.note(|| format!("the next refreshes fail: {next:?}"));
        self.sim.server().fail_next(next);
    }

    fn freeze(&mut self, tab: usize) {
        self.sim.note(|| format!("tab {tab} freezes"));
        let open = &mut self.tabs[tab];
        open.froze_while_writing |= open.tab.has_unpublished_writes();
        open.tab.freeze();
        open.is_frozen = true;
        self.calls.iter_mut().filter(|call| call.tab == tab).for_each(|call| call.may_be_late = true);
    }

    fn thaw(&mut self, tab: usize) {
        if self.tabs[tab].is_frozen {
            self.sim.note(|| format!("tab {tab} thaws"));
            (self.tabs[tab].is_frozen, self.tabs[tab].froze_while_writing) = (false, false);
            self.tabs[tab].tab.thaw();
        }
    }

    /// Closes a tab without warning and opens another one.
    fn crash(&mut self, tab: usize) {
        self.sim.note(|| format!("tab {tab} crashes"));
        self.tabs[tab].tab.close();
        drop(self.tabs.remove(tab));
        self.calls.retain(|call| call.tab != tab);
        self.calls.iter_mut().filter(|call| call.tab > tab).for_each(|call| call.tab -= 1);
        self.open_tab();
    }

    fn check(&mut self) -> Result<(), String> {
        if let Some(violation) = self.servers().find_map(|server| server.violations().into_iter().next()) {
            return Err(violation);
        }
        self.note_lost_sessions();
        let now = self.sim.now();
        for call in &mut self.calls {
            let settled = call.running.try_take();
            let took = settled.unwrap_or(now) - call.started;
            if !call.may_be_late && took > call.timeout + 1_000.0 {
                return Err(format!("a call of tab {} took {took:.0} ms", call.tab));
            }
            call.is_settled = settled.is_some();
        }
        self.calls.retain(|call| !call.is_settled);
        self.check_store()?;
        self.tabs.iter().try_for_each(|open| self.check_events(&open.events.take()))
    }

    fn note_lost_sessions(&mut self) {
        // Without one of the rules, more sessions are lost.
        #[cfg(feature = "__rules")]
        let is_counted = wugan::rules::broken_rule().is_none();
        #[cfg(not(feature = "__rules"))]
        let is_counted = true;
        for user in self.sim.server().take_lost_sessions() {
            self.ended_users.insert(account(&user).to_owned());
            for (policy, lost) in POLICIES.iter().zip(&LOST[usize::from(self.has_locks)]) {
                lost.fetch_add((is_counted && *policy == self.policy).into(), Relaxed);
            }
            self.has_ended_session = true;
        }
    }

    fn check_events(&self, events: &[Event]) -> Result<(), String> {
        let mut shown = String::with_capacity(128 * events.len());
        let _ = write!(shown, "{events:?}");
        if shown.contains("SECRET") {
            return Err("an event contains a secret".into());
        }
        for event in events {
            match event {
                Event::SignedOut { reason: SignOutReason::Rejected } if !self.has_ended_session => {
                    return Err("signed out though no session had ended".into());
                }
                Event::SignedOut { reason: SignOutReason::KeyLost } if !self.has_lost_a_key => {
                    return Err("signed out though no key was lost".into());
                }
                Event::SignedOut { reason: SignOutReason::Expired } if !self.is_handed_over => {
                    return Err("expired though there was a refresh token".into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The session in the store that all tabs agree on in the end.
    fn stored(&self) -> Option<StoredSession> {
        serde_json::from_str(&self.sim.stored(KEY)?).ok()
    }

    /// The session in the store as a tab reads it.
    fn stored_in(&self, tab: usize) -> Option<StoredSession> {
        serde_json::from_str(&self.tabs[tab].tab.stored(KEY)?).ok()
    }

    /// A token is never stored in the session of another user.
    fn check_store(&self) -> Result<(), String> {
        let Some(record) = self.stored() else { return Ok(()) };
        match (self.sim.server().owner(&record.access_token), self.sessions.get(&record.session)) {
            (Some(owner), Some(user)) if account(&owner) != *user => Err(format!("a token of {owner} is stored in a session of {user}")),
            _ => Ok(()),
        }
    }

    /// Ends all faults and thaws all tabs. Then each tab is signed in as the last user if the server has a session of that user, and is served.
    fn finish(&mut self) -> Result<(), String> {
        self.sim.note(|| "all faults end".into());
        self.servers().for_each(|server| server.recover());
        (0..self.tabs.len()).for_each(|tab| self.thaw(tab));
        self.servers().for_each(|server| server.set_latency(Duration::from_millis(1), Duration::from_millis(20)));
        self.advance(130.0);
        self.check()?;
        for tab in 0..self.tabs.len() {
            if self.has_cookie && matches!(self.tabs[tab].client.session().info().state, AuthState::SignedOut { reason: None }) {
                // As an app does at its start: the tab was opened when the storage had been cleared.
                let client = self.tabs[tab].client.clone();
                let _ = self.sim.block_on(self.tabs[tab].tab.run(async move { client.resume().await }));
            }
            let info = self.tabs[tab].client.session().info();
            let request = self.tabs[tab].client.get("/bbb");
            let running = self.tabs[tab].tab.run(async move { request.send().await.map(|response| response.status().as_u16()) });
            let served = self.sim.block_on(running);
            self.note_lost_sessions();
            let is_as_expected = match (&info.state, &info.user) {
                (AuthState::SignedIn, Some(user)) if self.ended_users.contains(account(&user.id)) => continue,
                (AuthState::SignedIn, _) => served == Ok(200),
                (AuthState::SignedOut { .. }, _) => served == Ok(401),
            };
            let user = info.user.as_ref().map(|user| account(&user.id));
            let is_ended_by_key = self.is_key_lost && user.is_none();
            if user != self.last_user && !is_ended_by_key && !self.last_user.is_some_and(|last| self.ended_users.contains(last)) {
                return Err(format!("tab {tab} is signed in as {user:?} instead of {:?}", self.last_user));
            }
            if !is_as_expected {
                return Err(format!("tab {tab} is {:?} and gets {served:?}", info.state));
            }
        }
        self.check_other()?;
        self.check()
    }

    /// The other backend's user is signed in and served in each tab. The first backend's session does not matter.
    fn check_other(&self) -> Result<(), String> {
        let is_lost = self.other.as_ref().is_some_and(|server| !server.take_lost_sessions().is_empty());
        for open in self.tabs.iter().filter(|_| !is_lost) {
            let Some(client) = &open.other else { continue };
            let request = client.get("/bbb");
            let served = self.sim.block_on(open.tab.run(async move { request.send().await.map(|response| response.status().as_u16()) }));
            let user = client.session().info().user.map(|user| user.id);
            if (user.as_deref(), &served) != (Some(EVE), &Ok(200)) {
                return Err(format!("{:?} is signed in at the other backend as {user:?} and gets {served:?}", open.tab));
            }
        }
        Ok(())
    }
}

/// The name of a user before any renaming.
fn account(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
