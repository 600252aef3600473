//! One life of a browser: a few tabs, two people, a server with bad days. All of it by a seed.

use futures::future::{AbortHandle, abortable};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};
use wugan::{
    Body, Client, Event, Reason, Request, State,
    platform::{Platform, Signal, StoreError},
    testing::{Fault, Running, Tab, World},
};

const KEY: &str = "wugan.session";
const DEADLINE: f64 = 30_000.0;

struct Open {
    tab: Tab,
    client: Client,
    frozen: bool,
    events: Rc<RefCell<Vec<Event>>>,
}

struct Call {
    tab: usize,
    begun: f64,
    /// Its tab was frozen meanwhile: then it may take as long as it likes.
    excused: bool,
    settled: bool,
    /// When it was settled.
    running: Running<f64>,
    abort: AbortHandle,
}

pub(crate) struct Life {
    world: World,
    tabs: Vec<Open>,
    calls: Vec<Call>,
    names: u64,
    /// Whom the server was told to throw out, or whose refresh token was spoilt.
    doomed: BTreeSet<&'static str>,
    /// Whose the browser is by the last sign-in or sign-out.
    last: Option<&'static str>,
    /// Whose each session is, by its name in the store.
    sessions: BTreeMap<String, &'static str>,
    /// The server was told of a sign-out, or to throw somebody out.
    ended: bool,
    has_locks: bool,
    /// A browser with one tab, whose store fails now and then.
    fragile: bool,
    /// How far the device's clock is off, in milliseconds.
    clock_off: f64,
}

/// Right, and wrong by hours and days, in milliseconds.
const CLOCKS: [f64; 5] = [0.0, -86_400_000.0, -7_200_000.0, 7_200_000.0, 86_400_000.0];
const PEOPLE: [&str; 2] = ["ada", "bob"];

impl Life {
    pub(crate) fn live(seed: u64) -> Result<(), String> {
        Life::begin(seed, false).1
    }

    /// The same again, with all that happened.
    pub(crate) fn traced(seed: u64) -> (String, Result<(), String>) {
        Life::begin(seed, true)
    }

    fn begin(seed: u64, trace: bool) -> (String, Result<(), String>) {
        let world = World::new(seed);
        if trace {
            world.trace();
        }
        let mut life = Life {
            world: world.clone(),
            tabs: Vec::new(),
            calls: Vec::new(),
            names: 0,
            doomed: BTreeSet::new(),
            last: None,
            sessions: BTreeMap::new(),
            ended: false,
            has_locks: world.random(4) > 0,
            fragile: world.random(8) == 0,
            clock_off: CLOCKS[world.random(5) as usize],
        };
        let fate = life.steps().map_err(|what| {
            world.note(|| format!("*** {what}"));
            what
        });
        let timeline = world.timeline();
        life.calls.clear();
        life.tabs.clear();
        drop(life);
        world.end();
        (timeline, fate)
    }

    fn steps(&mut self) -> Result<(), String> {
        let ttl = [5.0, 60.0, 1_800.0][self.dice(3)];
        self.world.server().access_ttl(Duration::from_secs_f64(ttl));
        self.world.server().leeway(Duration::from_secs([0, 0, 10][self.dice(3)]));
        self.world.server().hide_date(self.dice(4) == 0);
        let slow = [0.02, 0.3, 3.0][self.dice(3)];
        self.world.server().latency(Duration::from_millis(1), Duration::from_secs_f64(slow));
        self.world.store_lag(Duration::from_millis([0, 5, 50][self.dice(3)]));
        for _ in 0..=if self.fragile { 0 } else { self.dice(3) } {
            self.open();
        }
        self.sign_in(0);
        for _ in 0..12 + self.dice(20) {
            self.act(ttl);
            self.check()?;
        }
        self.calm_down()
    }

    fn dice(&self, sides: u64) -> usize {
        self.world.random(sides) as usize
    }

    fn some_tab(&self) -> usize {
        self.dice(self.tabs.len() as u64)
    }

    fn open(&mut self) {
        let tab = self.world.tab();
        tab.has_locks(self.has_locks);
        tab.set_clock_off(self.clock_off);
        let client = tab.client(Client::builder("https://api.example.com"));
        let events = Rc::new(RefCell::new(Vec::new()));
        let heard = events.clone();
        let (world, name) = (self.world.clone(), format!("{tab:?}"));
        client
            .session()
            .on_event(move |noted| {
                world.note(|| format!("{name} {:?}", noted.event));
                heard.borrow_mut().push(noted.event.clone());
            })
            .forever();
        self.tabs.push(Open { tab, client, frozen: false, events });
    }

    /// A person needs a moment to get to another tab: longer than what is written in one needs to the others.
    fn turn_to(&self, tab: usize) -> bool {
        self.pass(0.1);
        !self.tabs[tab].frozen
    }

    /// Whoever spoils a record that another tab has just replaced brings the replaced tokens back: no fault of the engine's.
    fn is_up_to_date(&self, tab: usize) -> bool {
        self.tabs[tab].tab.load(KEY).is_ok_and(|text| text == self.world.stored(KEY))
    }

    fn sign_in(&mut self, who: usize) {
        let tab = self.some_tab();
        if !self.turn_to(tab) {
            return;
        }
        let answer = self.world.server().sign_in(PEOPLE[who]);
        self.world.note(|| format!("tab {tab} signs in as {}", PEOPLE[who]));
        let token = answer.access_token.clone();
        self.tabs[tab].client.session().sign_in(answer);
        if let Some((session, _)) = self.stored().filter(|(_, stored)| *stored == token) {
            self.sessions.insert(session, PEOPLE[who]);
        }
        self.doomed.remove(PEOPLE[who]);
        self.last = Some(PEOPLE[who]);
    }

    fn ask(&mut self, tab: usize, count: usize) {
        let open = &self.tabs[tab];
        // A frozen tab sends nothing.
        if open.frozen {
            return;
        }
        for _ in 0..count {
            self.names += 1;
            let name = self.names.to_string();
            let mut request = match self.dice(12) {
                0 => Request::get("/always401"),
                1 => Request::get("https://elsewhere.example.com/bbb"),
                2 | 3 => {
                    let body = name.clone();
                    Request::post("/echo").header("x-body", &name).body(Body::made_by(move || Body::text(body.clone())))
                }
                _ => Request::get("/bbb"),
            }
            .header("x-name", &name);
            if let Some(user) = open.client.session().peek().user {
                request = request.header("x-as", &user.id);
            }
            let client = open.client.clone();
            // Whom it is for is decided when it is begun, which is now.
            let mut sending = Box::pin(async move { client.send(request).await.map(|response| response.status()) });
            let early = futures::FutureExt::now_or_never(&mut sending);
            let (sending, abort) = abortable(async move {
                match early {
                    Some(done) => done,
                    None => sending.await,
                }
            });
            let world = self.world.clone();
            let running = open.tab.run(async move {
                let _ = sending.await;
                world.now()
            });
            self.calls.push(Call { tab, begun: self.world.now(), excused: false, settled: false, running, abort });
        }
    }

    fn pass(&self, seconds: f64) {
        self.world.pass(Duration::from_secs_f64(seconds));
    }

    /// Whatever is done next is done at about the moment in which new tokens come in.
    fn pass_until_a_refresh(&self) {
        let before = self.world.server().seen().refreshes;
        for _ in 0..500 {
            self.pass(0.01);
            if self.world.server().seen().refreshes > before {
                break;
            }
        }
        self.pass(self.world.random(1_000) as f64 / 1_000.0 * [0.02, 0.3, 3.0][self.dice(3)]);
    }

    fn act(&mut self, ttl: f64) {
        let tab = self.some_tab();
        let seconds = |most: f64| self.world.random(1_000_000) as f64 / 1e6 * most;
        match self.dice(40) {
            0..=7 => {
                let count = 1 + self.dice(6);
                self.ask(tab, count);
            }
            8..=11 => self.pass(seconds(0.2)),
            12..=14 => self.pass(seconds(20.0)),
            15 | 16 => self.pass(seconds(ttl * 1.5)),
            17 => self.pass(ttl),
            18 | 19 => {
                self.world.note(|| format!("tab {tab} freezes"));
                self.tabs[tab].tab.freeze();
                self.tabs[tab].frozen = true;
                self.calls.iter_mut().filter(|call| call.tab == tab).for_each(|call| call.excused = true);
            }
            20 | 21 => self.thaw(tab),
            // A crash in the milliseconds in which its tokens are on their way to other tabs costs the session: nobody can help it.
            22 if !self.fragile && !self.tabs[tab].tab.has_writes_under_way() => {
                self.world.note(|| format!("tab {tab} crashes"));
                self.tabs[tab].tab.close();
                let gone = self.tabs.remove(tab);
                drop(gone);
                self.calls.retain(|call| call.tab != tab);
                self.calls.iter_mut().filter(|call| call.tab > tab).for_each(|call| call.tab -= 1);
                self.open();
            }
            23 if !self.fragile => self.open(),
            24 if self.turn_to(tab) => {
                self.world.note(|| format!("tab {tab} signs out"));
                self.last = None;
                self.ended = true;
                self.tabs[tab].client.session().sign_out();
            }
            25 => {
                let who = self.dice(2);
                self.sign_in(who);
            }
            26 | 27 if self.turn_to(tab) && self.is_up_to_date(tab) => {
                self.world.note(|| format!("tab {tab} spoils the access token"));
                self.world.server().expect_early_refreshes();
                self.tabs[tab].client.session().spoil_access_token();
            }
            28 => {
                let who = PEOPLE[self.dice(2)];
                self.world.note(|| format!("server throws {who} out"));
                self.doomed.insert(who);
                self.ended = true;
                self.world.server().end_sessions(who);
            }
            29 | 30 => {
                let faults = [
                    Fault::Lost,
                    Fault::Lost,
                    Fault::Unreachable,
                    Fault::Hangs,
                    Fault::Status(503),
                    Fault::Html(200),
                    Fault::Html(401),
                    Fault::RetryAfter(3),
                    Fault::Redirect,
                ];
                let next: Vec<_> = (0..=self.dice(3)).map(|_| faults[self.dice(faults.len() as u64)]).collect();
                self.world.server().next(next);
            }
            31 => {
                let faults = [Fault::None, Fault::None, Fault::Unreachable, Fault::Status(502)];
                self.world.server().always(faults[self.dice(4)]);
                if self.dice(2) == 0 {
                    self.tabs[tab].tab.tell(Signal::Online);
                }
            }
            32 => {
                self.clock_off = CLOCKS[self.dice(5)];
                // All tabs are on one device. Set forward, it looks like sleep, and one early refresh is right.
                self.world.server().expect_early_refreshes();
                self.tabs.iter().for_each(|open| open.tab.set_clock_off(self.clock_off));
            }
            33 => {
                let hidden = self.dice(2) == 0;
                self.tabs[tab].tab.hide(hidden);
            }
            34 | 35 if !self.calls.is_empty() => {
                let call = self.calls.swap_remove(self.dice(self.calls.len() as u64));
                self.world.note(|| format!("a caller of tab {} goes away", call.tab));
                call.abort.abort();
            }
            36 | 37 => self.pass_until_a_refresh(),
            38 if self.fragile => {
                let how = [None, Some(StoreError::Denied), Some(StoreError::Full)][self.dice(3)];
                self.world.note(|| format!("the store: {how:?}"));
                self.tabs[tab].tab.store_fails(how);
            }
            39 if self.fragile => {
                let text = [None, Some("rubbish"), Some("{\"v\":2,\"of\":\"a later version\"}")][self.dice(3)];
                self.world.note(|| format!("the store is overwritten: {text:?}"));
                self.world.tamper(KEY, text);
            }
            _ => {}
        }
        self.world.settle();
    }

    fn thaw(&mut self, tab: usize) {
        if self.tabs[tab].frozen {
            self.world.note(|| format!("tab {tab} thaws"));
            self.tabs[tab].frozen = false;
            self.tabs[tab].tab.thaw();
        }
    }

    fn check(&mut self) -> Result<(), String> {
        if let Some(complaint) = self.world.server().complaints().first() {
            return Err(complaint.clone());
        }
        let now = self.world.now();
        for call in &mut self.calls {
            let settled = call.running.done();
            let took = settled.unwrap_or(now) - call.begun;
            if !call.excused && took > DEADLINE + 1_000.0 {
                return Err(format!("a call of tab {} took {took:.0} ms", call.tab));
            }
            call.settled = settled.is_some();
        }
        self.calls.retain(|call| !call.settled);
        self.check_the_store()?;
        for open in &self.tabs {
            for event in open.events.take() {
                if format!("{event:?}").contains("SECRET") {
                    return Err("an event holds a secret".into());
                }
                match event {
                    Event::SignedOut { reason: Reason::Rejected } if !self.ended => {
                        return Err("signed out, though nobody had asked for it".into());
                    }
                    Event::SignedOut { reason: Reason::Expired } => return Err("expired, though there was a refresh token".into()),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The name of the session in the store, and its access token.
    fn stored(&self) -> Option<(String, String)> {
        let record: serde_json::Value = serde_json::from_str(&self.world.stored(KEY)?).ok()?;
        let text = |name: &str| record[name].as_str().map(str::to_owned);
        text("session").zip(text("access_token"))
    }

    /// A token of one is never stored in a session of another.
    fn check_the_store(&self) -> Result<(), String> {
        let Some((session, token)) = self.stored() else { return Ok(()) };
        match (self.world.server().owner(&token), self.sessions.get(&session)) {
            (Some(owner), Some(user)) if owner != *user => Err(format!("a token of {owner} is stored in a session of {user}")),
            _ => Ok(()),
        }
    }

    /// When all trouble is over, whoever the server has a session for is signed in, and is served.
    fn calm_down(&mut self) -> Result<(), String> {
        self.world.note(|| "all trouble ends".into());
        self.world.server().calm();
        (0..self.tabs.len()).for_each(|tab| self.thaw(tab));
        self.world.server().latency(Duration::from_millis(1), Duration::from_millis(20));
        self.pass(130.0);
        self.check()?;
        for tab in 0..self.tabs.len() {
            let peek = self.tabs[tab].client.session().peek();
            let client = self.tabs[tab].client.clone();
            let served =
                self.world.until(self.tabs[tab].tab.run(async move { client.get("/bbb").await.map(|response| response.status()) }));
            let expected = match (&peek.state, &peek.user) {
                (State::SignedIn, Some(user)) if self.doomed.contains(user.id.as_str()) => continue,
                (State::SignedIn, _) => served == Ok(200),
                (State::SignedOut { .. }, _) => served == Ok(401),
            };
            let user = peek.user.as_ref().map(|user| user.id.as_str());
            if user != self.last && !self.last.is_some_and(|last| self.doomed.contains(last)) {
                return Err(format!("tab {tab} is signed in as {user:?}, though {:?} is", self.last));
            }
            if !expected {
                return Err(format!("tab {tab} is {:?} and gets {served:?}", peek.state));
            }
        }
        self.check()
    }
}
