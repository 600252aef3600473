//! The browser that all tabs share, with the servers that it can reach.

use crate::{
    connections::Connections,
    cookies::CookieJar,
    environment::Environment,
    http_cache::HttpCache,
    locks::Locks,
    server::Server,
    store::{StoreReplica, Write},
    tab_state::TabState,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

/// The state of a simulation. Tabs, tasks and timers refer to it weakly.
pub(crate) struct Browser {
    pub(crate) env: Rc<Environment>,
    /// The storage after all writes have arrived: the value on which all replicas agree in the end.
    pub(crate) store: RefCell<StoreReplica>,
    /// The longest time that a write takes to reach another tab, in milliseconds.
    store_lag: Cell<f64>,
    pub(crate) locks: Locks,
    pub(crate) cache: HttpCache,
    pub(crate) cookies: CookieJar,
    pub(crate) connections: Connections,
    pub(crate) servers: RefCell<Vec<Server>>,
    pub(crate) tabs: RefCell<Vec<Rc<TabState>>>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        LIVE.set(LIVE.get().saturating_sub(1));
    }
}

impl Browser {
    pub(crate) fn new(seed: u64) -> Browser {
        LIVE.set(LIVE.get() + 1);
        Browser {
            env: Rc::new(Environment::new(seed)),
            store: RefCell::default(),
            store_lag: Cell::new(5.0),
            locks: Locks::default(),
            cache: HttpCache::default(),
            cookies: CookieJar::default(),
            connections: Connections::default(),
            servers: RefCell::default(),
            tabs: RefCell::default(),
        }
    }

    /// How many browsers this thread has that are not freed yet.
    pub(crate) fn live_count() -> usize {
        LIVE.get()
    }

    pub(crate) fn longest_store_lag(&self) -> f64 {
        self.store_lag.get()
    }

    pub(crate) fn set_longest_store_lag(&self, longest: f64) {
        self.store_lag.set(longest);
    }

    /// Gives a write its place in the order of all writes and applies it to the common store.
    pub(crate) fn write(&self, key: &str, text: Option<&str>) -> Write {
        let write = Write { key: key.into(), text: text.map(Into::into), order: self.env.executor.next_number() };
        self.store.borrow_mut().apply(&write);
        write
    }

    pub(crate) fn add_server(&self, base: &str) -> Server {
        let server = Server::new(Rc::downgrade(&self.env), self.servers.borrow().len(), base);
        self.servers.borrow_mut().push(server.clone());
        server
    }

    /// The server whose base URL is the longest prefix of this URL, with the path below it. `None`: no server is there.
    pub(crate) fn find_server(&self, origin: &str, path: &str) -> Option<(Server, String)> {
        let servers = self.servers.borrow();
        let found = servers.iter().filter_map(|server| server.path_below(origin, path).map(|below| (server, below)));
        let (server, below) = found.min_by_key(|(_, below)| below.len())?;
        Some((server.clone(), below))
    }

    /// Closes all tabs and drops all tasks and timers.
    pub(crate) fn end(&self) {
        for tab in self.tabs.take() {
            self.servers.borrow().iter().for_each(|server| server.mark_interrupted(tab.number()));
            tab.close();
        }
        self.env.executor.clear();
        self.locks.clear();
        self.connections.clear();
    }
}
