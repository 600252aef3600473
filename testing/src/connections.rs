//! The connections of the browser: a limit of open requests per origin; further requests wait in order.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::{Rc, Weak},
};

type Start = Box<dyn FnOnce(Permit)>;

#[derive(Default)]
pub(crate) struct Connections(Rc<Queues>);

#[derive(Default)]
struct Queues {
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
    queues: Weak<Queues>,
    origin: String,
}

impl Connections {
    pub(crate) fn limit(&self, per_origin: Option<usize>) {
        self.0.limit.set(per_origin);
    }

    /// Calls `start` as soon as a connection is free.
    pub(crate) fn acquire(&self, origin: &str, start: Start) {
        self.0.origins.borrow_mut().entry(origin.to_owned()).or_default().queue.push_back(start);
        self.0.start_next(origin);
    }

    /// Drops all requests that wait.
    pub(crate) fn clear(&self) {
        let origins = self.0.origins.take();
        drop(origins);
    }
}

impl Queues {
    fn start_next(self: &Rc<Self>, origin: &str) {
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
        next(Permit { queues: Rc::downgrade(self), origin: origin.to_owned() });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(queues) = self.queues.upgrade() {
            if let Some(connections) = queues.origins.borrow_mut().get_mut(&self.origin) {
                connections.open = connections.open.saturating_sub(1);
            }
            queues.start_next(&self.origin);
        }
    }
}
