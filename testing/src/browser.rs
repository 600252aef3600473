//! What all tabs of the browser share besides the storage: the HTTP cache, cookies and connections.

use crate::{message::Reply, simulation::Core};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::Weak,
};

/// The HTTP cache. It answers GET and HEAD with what the server sent, its old `Date` included and without an `Age` (RFC 9111 §5.1
/// asks shared caches for `Age`; browsers add none).
#[derive(Default)]
pub(crate) struct HttpCache(RefCell<BTreeMap<String, CacheEntry>>);

struct CacheEntry {
    reply: Reply,
    fresh_until: f64,
}

impl HttpCache {
    pub(crate) fn get(&self, method: &str, href: &str, now: f64) -> Option<Reply> {
        if method != "GET" && method != "HEAD" {
            return None;
        }
        let entries = self.0.borrow();
        let entry = entries.get(href).filter(|entry| entry.fresh_until > now)?;
        let mut reply = entry.reply.clone();
        if method == "HEAD" {
            reply.body.clear();
        }
        Some(reply)
    }

    /// Stores a successful response to a GET that names a `max-age`.
    pub(crate) fn store(&self, method: &str, href: &str, reply: &Reply, now: f64) {
        let max_age = reply.header("cache-control").and_then(|value| value.strip_prefix("max-age=")?.parse::<f64>().ok());
        if let Some(max_age) = max_age.filter(|_| method == "GET" && reply.status == 200) {
            let entry = CacheEntry { reply: reply.clone(), fresh_until: now + max_age * 1_000.0 };
            self.0.borrow_mut().insert(href.to_owned(), entry);
        }
    }
}

/// One cookie for each origin, HttpOnly: pages cannot read it.
#[derive(Default)]
pub(crate) struct CookieJar(RefCell<BTreeMap<String, String>>);

impl CookieJar {
    pub(crate) fn get(&self, origin: &str) -> Option<String> {
        self.0.borrow().get(origin).cloned()
    }

    /// Sets the cookie; an empty value removes it.
    pub(crate) fn set(&self, origin: &str, value: &str) {
        if value.is_empty() {
            self.0.borrow_mut().remove(origin);
        } else {
            self.0.borrow_mut().insert(origin.to_owned(), value.to_owned());
        }
    }
}

type Start = Box<dyn FnOnce(Permit)>;

/// The connections of the browser: at most so many requests to an origin at a time, the others wait in order.
pub(crate) struct Connections {
    core: Weak<Core>,
    limit: Cell<Option<usize>>,
    origins: RefCell<BTreeMap<String, Origin>>,
}

#[derive(Default)]
struct Origin {
    open: usize,
    queue: VecDeque<Start>,
}

/// A connection in use. Dropping it lets the next request of the queue start.
pub(crate) struct Permit {
    core: Weak<Core>,
    origin: String,
}

impl Connections {
    pub(crate) fn new(core: Weak<Core>) -> Connections {
        Connections { core, limit: Cell::new(None), origins: RefCell::default() }
    }

    pub(crate) fn limit(&self, per_origin: Option<usize>) {
        self.limit.set(per_origin);
    }

    /// Calls `start` as soon as a connection is free.
    pub(crate) fn acquire(&self, origin: &str, start: Start) {
        self.origins.borrow_mut().entry(origin.to_owned()).or_default().queue.push_back(start);
        self.start_next(origin);
    }

    fn start_next(&self, origin: &str) {
        let next = {
            let mut origins = self.origins.borrow_mut();
            let Some(connections) = origins.get_mut(origin) else { return };
            if self.limit.get().is_some_and(|limit| connections.open >= limit) {
                return;
            }
            let Some(start) = connections.queue.pop_front() else { return };
            connections.open += 1;
            start
        };
        next(Permit { core: self.core.clone(), origin: origin.to_owned() });
    }

    pub(crate) fn clear(&self) {
        let origins = self.origins.take();
        drop(origins);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(core) = self.core.upgrade() {
            if let Some(connections) = core.connections.origins.borrow_mut().get_mut(&self.origin) {
                connections.open = connections.open.saturating_sub(1);
            }
            core.connections.start_next(&self.origin);
        }
    }
}
