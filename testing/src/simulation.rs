//! The simulation: virtual time, one browser with its tabs, and the servers that the browser can reach.

use crate::{
    browser::Browser,
    executor::millis,
    server::Server,
    tab::{Running, Tab},
};
use std::{fmt, rc::Rc, time::Duration};

/// The base URL of the server that every simulation has.
pub const API: &str = "https://api.example.com";

/// A browser, its tabs and servers in virtual time. Clones are handles to the same simulation.
///
/// The simulation ends when its last handle is dropped. A task that holds a handle keeps it alive until [`end`](Simulation::end). The last
/// handle panics if there are [violations](Server::violations) that the test has not read.
#[derive(Clone)]
pub struct Simulation(Rc<Owner>);

struct Owner(Rc<Browser>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.end();
        let unread: Vec<_> = self.0.servers.borrow().iter().flat_map(Server::unread_violations).collect();
        assert!(unread.is_empty() || std::thread::panicking(), "violations: {unread:?}");
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
        let browser = Browser::new(seed);
        browser.add_server(API);
        Simulation(Rc::new(Owner(Rc::new(browser))))
    }

    fn browser(&self) -> &Rc<Browser> {
        &self.0.0
    }

    /// How many simulations this thread has that are not freed yet.
    #[must_use]
    pub fn live_count() -> usize {
        Browser::live_count()
    }

    /// Opens a tab. All tabs belong to one browser and to the page's origin, `https://app.example.com`.
    #[must_use]
    pub fn tab(&self) -> Tab {
        Tab::open(self.browser())
    }

    /// The server at [`API`].
    #[must_use]
    pub fn server(&self) -> Server {
        self.browser().servers.borrow()[0].clone()
    }

    /// Adds another, independent backend at this base URL, which may have a path.
    #[must_use]
    pub fn add_server(&self, base: &str) -> Server {
        self.browser().add_server(base)
    }

    /// True time in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.browser().env.now()
    }

    /// The value of a key of `localStorage` that all tabs agree on in the end.
    #[must_use]
    pub fn stored(&self, key: &str) -> Option<String> {
        self.browser().store.borrow().get(key).map(|text| text.to_string())
    }

    /// Writes to `localStorage` as a user or another program does: in all tabs at once and without an event. `None` removes the key.
    pub fn overwrite(&self, key: &str, text: Option<&str>) {
        let write = self.browser().write(key, text);
        for tab in &*self.browser().tabs.borrow() {
            tab.apply(&write);
        }
    }

    /// All keys of `localStorage` that have a value, with their values.
    #[must_use]
    pub fn store(&self) -> Vec<(String, String)> {
        self.browser().store.borrow().entries()
    }

    /// Removes the keys of DPoP (RFC 9449) from the browser, as clearing a part of the site's data does. A page that has read its key can
    /// go on using it.
    pub fn clear_keys(&self) {
        self.browser().env.keys.clear();
    }

    /// Whether the browser has a key of DPoP.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        !self.browser().env.keys.is_empty()
    }

    /// Sets the longest time that a write takes until other tabs can read it: each tab is a process of its own. Default: 5 ms.
    pub fn set_store_lag(&self, longest: Duration) {
        self.browser().set_longest_store_lag(millis(longest));
    }

    /// Limits the requests that the browser has open to one origin at a time, as HTTP/1.1 does (6). Others wait in order. Default: none.
    pub fn limit_connections(&self, per_origin: Option<usize>) {
        self.browser().connections.limit(per_origin);
    }

    /// Whether the browser has a cookie for this origin.
    #[must_use]
    pub fn has_cookie(&self, origin: &str) -> bool {
        self.browser().cookies.get(origin).is_some()
    }

    /// A random number below `end`.
    #[must_use]
    pub fn random(&self, end: u64) -> u64 {
        self.browser().env.executor.random(end)
    }

    /// Starts to record the timeline.
    pub fn trace(&self) {
        self.browser().env.trace();
    }

    /// Adds a line to the timeline, if it is recorded.
    pub fn note(&self, line: impl FnOnce() -> String) {
        self.browser().env.note(line);
    }

    /// What happened since [`trace`](Simulation::trace): one line per event, with its time in seconds.
    #[must_use]
    pub fn timeline(&self) -> String {
        self.browser().env.timeline()
    }

    /// Runs tasks until none is ready at this moment.
    ///
    /// # Panics
    /// If there is an endless loop.
    pub fn settle(&self) {
        let browser = self.browser();
        while let Some(within_limit) = browser.env.executor.step(|tab| browser.tabs.borrow().get(tab).is_some_and(|tab| tab.is_frozen())) {
            assert!(within_limit, "the simulation does not end:\n{}", self.timeline());
        }
    }

    /// Advances time and runs everything that falls into it.
    pub fn advance(&self, time: Duration) {
        let executor = &self.browser().env.executor;
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
            assert!(self.browser().env.executor.next_timer().is_some(), "the future never completes:\n{}", self.timeline());
            self.fire();
        }
    }

    fn fire(&self) {
        assert!(self.browser().env.executor.fire(), "the simulation does not end:\n{}", self.timeline());
        self.settle();
    }

    /// Closes all tabs and drops all tasks and timers, also those that hold a handle to this simulation.
    pub fn end(self) {
        self.browser().end();
    }
}
