//! The simulation: virtual time, one browser with its tabs, and the servers that the browser can reach.

use crate::{
    browser::{Connections, CookieJar, HttpCache},
    executor::Executor,
    keys::Keys,
    locks::Locks,
    server::Server,
    store::{StoreReplica, Write},
    tab::Tab,
};
use futures::{channel::oneshot, future::FutureExt};
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    rc::{Rc, Weak},
    time::Duration,
};

/// The time at which a simulation begins: September 2026, in milliseconds since 1970.
const START: f64 = 1_790_000_000_000.0;

/// The base URL of the server that every simulation has.
pub const API: &str = "https://api.example.com";

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

/// A browser, its tabs and servers in virtual time. Clones are handles to the same simulation.
///
/// The simulation ends when its last handle is dropped. A task that holds a handle keeps it alive until [`end`](Simulation::end).
#[derive(Clone)]
pub struct Simulation(Rc<Owner>);

struct Owner(Rc<Core>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The state of a simulation. Tabs, servers, tasks and timers refer to it weakly.
pub(crate) struct Core {
    pub(crate) executor: Executor,
    /// What all replicas of the storage agree on in the end.
    pub(crate) store: RefCell<StoreReplica>,
    /// The longest time that a write takes to reach another tab, in milliseconds.
    store_lag: Cell<f64>,
    pub(crate) locks: Locks,
    pub(crate) keys: Keys,
    pub(crate) cache: HttpCache,
    pub(crate) cookies: CookieJar,
    pub(crate) connections: Connections,
    pub(crate) servers: RefCell<Vec<Server>>,
    pub(crate) tabs: RefCell<Vec<Tab>>,
    log: RefCell<Option<Vec<String>>>,
}

impl Drop for Core {
    fn drop(&mut self) {
        LIVE.set(LIVE.get().saturating_sub(1));
    }
}

/// A future that runs in a tab; see [`Simulation::block_on`].
#[derive(Debug)]
pub struct Running<T>(oneshot::Receiver<T>);

impl<T> Running<T> {
    /// Takes the result. `None`: the future has not completed, its result was taken, or its tab was closed.
    pub fn try_take(&mut self) -> Option<T> {
        self.0.try_recv().ok().flatten()
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Simulation {
    /// A simulation with one server at [`API`] and no tabs. Everything random follows from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Simulation {
        let core = Rc::new_cyclic(|core: &Weak<Core>| {
            LIVE.set(LIVE.get() + 1);
            Core {
                executor: Executor::new(seed),
                store: RefCell::default(),
                store_lag: Cell::new(5.0),
                locks: Locks::new(core.clone()),
                keys: Keys::default(),
                cache: HttpCache::default(),
                cookies: CookieJar::default(),
                connections: Connections::new(core.clone()),
                servers: RefCell::new(vec![Server::new(core.clone(), 0, API)]),
                tabs: RefCell::default(),
                log: RefCell::default(),
            }
        });
        Simulation(Rc::new(Owner(core)))
    }

    pub(crate) fn core(&self) -> &Rc<Core> {
        &self.0.0
    }

    /// How many simulations this thread has that are not freed yet.
    #[must_use]
    pub fn live_count() -> usize {
        LIVE.get()
    }

    /// Opens a tab. All tabs belong to one browser and to the page's origin, `https://app.example.com`.
    #[must_use]
    pub fn tab(&self) -> Tab {
        let tab = Tab::open(self.core(), self.core().tabs.borrow().len());
        self.core().tabs.borrow_mut().push(tab.clone());
        tab
    }

    /// The server at [`API`].
    #[must_use]
    pub fn server(&self) -> Server {
        self.core().servers.borrow()[0].clone()
    }

    /// Adds another, independent backend at this base URL, which may have a path.
    #[must_use]
    pub fn add_server(&self, base: &str) -> Server {
        let server = Server::new(Rc::downgrade(self.core()), self.core().servers.borrow().len(), base);
        self.core().servers.borrow_mut().push(server.clone());
        server
    }

    /// True time in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.core().now()
    }

    /// The value of a key of `localStorage` that all tabs agree on in the end.
    #[must_use]
    pub fn stored(&self, key: &str) -> Option<String> {
        self.core().store.borrow().get(key).map(|text| text.to_string())
    }

    /// Writes to `localStorage` as a user or another program does: in all tabs at once and without an event. `None` removes the key.
    pub fn overwrite(&self, key: &str, text: Option<&str>) {
        let write = self.core().write(key, text);
        for tab in &*self.core().tabs.borrow() {
            tab.apply(&write);
        }
    }

    /// All keys of `localStorage` that have a value, with their values.
    #[must_use]
    pub fn store(&self) -> Vec<(String, String)> {
        self.core().store.borrow().entries()
    }

    /// Removes the keys of DPoP (RFC 9449) from the browser, as a user does who clears a part of the site's data. A page that has read its
    /// key goes on.
    pub fn clear_keys(&self) {
        self.core().keys.clear();
    }

    /// Whether the browser has a key of DPoP.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        !self.core().keys.is_empty()
    }

    /// Sets the longest time that a write takes until other tabs can read it: each tab is a process of its own. Default: 5 ms.
    pub fn set_store_lag(&self, longest: Duration) {
        self.core().store_lag.set(millis(longest));
    }

    /// Limits the requests that the browser has open to one origin at a time, as HTTP/1.1 does (6). Others wait in order. Default: none.
    pub fn limit_connections(&self, per_origin: Option<usize>) {
        self.core().connections.limit(per_origin);
    }

    /// Whether the browser has a cookie for this origin.
    #[must_use]
    pub fn has_cookie(&self, origin: &str) -> bool {
        self.core().cookies.get(origin).is_some()
    }

    /// A random number below `end`.
    #[must_use]
    pub fn random(&self, end: u64) -> u64 {
        self.core().executor.random(end)
    }

    /// Starts to record the timeline.
    pub fn trace(&self) {
        self.core().log.borrow_mut().get_or_insert_default();
    }

    /// Adds a line to the timeline, if it is recorded.
    pub fn note(&self, line: impl FnOnce() -> String) {
        self.core().note(line);
    }

    /// What happened since [`trace`](Simulation::trace): one line per event, with its time in seconds.
    #[must_use]
    pub fn timeline(&self) -> String {
        self.core().log.borrow().as_ref().map(|log| log.join("\n")).unwrap_or_default()
    }

    /// Runs tasks until none is ready at this moment.
    ///
    /// # Panics
    /// If there is an endless loop.
    pub fn settle(&self) {
        let core = self.core();
        while let Some(within_limit) = core.executor.step(|tab| core.tabs.borrow().get(tab).is_some_and(Tab::is_frozen)) {
            assert!(within_limit, "the simulation does not end:\n{}", self.timeline());
        }
    }

    /// Advances time and runs everything that falls into it.
    pub fn advance(&self, time: Duration) {
        let executor = &self.core().executor;
        let end = executor.micros().saturating_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 2));
        self.settle();
        while executor.next_timer().is_some_and(|at| at <= end) {
            self.fire();
        }
        executor.set_micros(end);
    }

    /// Runs everything until a future of [`Tab::run`] has completed, and returns its result.
    ///
    /// # Panics
    /// If nothing is left that could complete it, or its tab was closed.
    pub fn block_on<T>(&self, mut running: Running<T>) -> T {
        loop {
            self.settle();
            if let Some(done) = running.try_take() {
                return done;
            }
            assert!(self.core().executor.next_timer().is_some(), "the future never completes:\n{}", self.timeline());
            self.fire();
        }
    }

    fn fire(&self) {
        assert!(self.core().executor.fire(), "the simulation does not end:\n{}", self.timeline());
        self.settle();
    }

    /// Closes all tabs and drops all tasks and timers, also those that hold a handle to this simulation.
    pub fn end(self) {
        self.core().end();
    }
}

impl Core {
    /// True time in milliseconds since 1970.
    pub(crate) fn now(&self) -> f64 {
        START + self.executor.elapsed()
    }

    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        if let Some(log) = &mut *self.log.borrow_mut() {
            log.push(format!("{:>10.3}  {}", self.executor.elapsed() / 1_000.0, line()));
        }
    }

    pub(crate) fn longest_store_lag(&self) -> f64 {
        self.store_lag.get()
    }

    /// Gives a write its place in the order of all writes and applies it to the common store.
    pub(crate) fn write(&self, key: &str, text: Option<&str>) -> Write {
        let write = Write { key: key.into(), text: text.map(Into::into), order: self.executor.next_number() };
        self.store.borrow_mut().apply(&write);
        write
    }

    /// The server whose base URL is the longest prefix of this URL, with the path below it. `None`: no server is there.
    pub(crate) fn find_server(&self, origin: &str, path: &str) -> Option<(Server, String)> {
        let servers = self.servers.borrow();
        let found = servers.iter().filter_map(|server| server.path_below(origin, path).map(|below| (server, below)));
        let (server, below) = found.min_by_key(|(_, below)| below.len())?;
        Some((server.clone(), below))
    }

    fn end(&self) {
        for tab in self.tabs.take() {
            tab.shut_down();
        }
        self.executor.clear();
        self.locks.clear();
        self.connections.clear();
    }
}

impl Tab {
    /// Starts a future in this tab. It is dropped when the tab is closed.
    pub fn run<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Running<T> {
        let (sender, running) = oneshot::channel();
        if let Some(core) = self.core() {
            core.executor.spawn(self.number(), future.map(|done| drop(sender.send(done))).boxed_local());
        }
        Running(running)
    }
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
