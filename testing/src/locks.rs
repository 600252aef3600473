//! Web Locks: one queue per name. Locks of a closed tab are released, locks of a frozen tab are not.

use crate::{simulation::Core, tab::Tab};
use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture},
};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::Weak,
};
use wugan::platform::Guard;

pub(crate) struct Locks {
    core: Weak<Core>,
    names: RefCell<BTreeMap<String, Lock>>,
    requests: Cell<u64>,
}

#[derive(Default)]
struct Lock {
    holder: Option<Holder>,
    queue: VecDeque<(Holder, oneshot::Sender<()>)>,
}

#[derive(Clone, Copy)]
struct Holder {
    request: u64,
    tab: usize,
}

impl Lock {
    /// Grants the lock to the first request in the queue if it is free.
    fn grant_next(&mut self) {
        while self.holder.is_none()
            && let Some((holder, granted)) = self.queue.pop_front()
        {
            if granted.send(()).is_ok() {
                self.holder = Some(holder);
            }
        }
    }

    fn is_unused(&self) -> bool {
        self.holder.is_none() && self.queue.is_empty()
    }
}

impl Locks {
    pub(crate) fn new(core: Weak<Core>) -> Locks {
        Locks { core, names: RefCell::default(), requests: Cell::new(0) }
    }

    pub(crate) fn request(&self, tab: &Tab, name: &str) -> LocalBoxFuture<'static, Guard> {
        let request = self.requests.get();
        self.requests.set(request + 1);
        let (sender, granted) = oneshot::channel();
        let mut names = self.names.borrow_mut();
        let lock = names.entry(name.to_owned()).or_default();
        lock.queue.push_back((Holder { request, tab: tab.number() }, sender));
        lock.grant_next();
        let held = Held { core: self.core.clone(), name: name.to_owned(), request };
        async move {
            let guard: Guard = Box::new(held);
            // Cancelled only when the tab is closed, which drops this future as well.
            let _ = granted.await;
            guard
        }
        .boxed_local()
    }

    /// The tab that holds a lock.
    pub(crate) fn holder(&self, name: &str) -> Option<usize> {
        Some(self.names.borrow().get(name)?.holder?.tab)
    }

    fn release(&self, name: &str, request: u64) {
        let mut names = self.names.borrow_mut();
        if let Some(lock) = names.get_mut(name) {
            lock.queue.retain(|(queued, _)| queued.request != request);
            lock.holder.take_if(|holder| holder.request == request);
            lock.grant_next();
            if lock.is_unused() {
                names.remove(name);
            }
        }
    }

    /// Releases all locks of a tab that was closed, and removes it from all queues.
    pub(crate) fn release_all(&self, tab: usize) {
        self.names.borrow_mut().retain(|_, lock| {
            lock.queue.retain(|(queued, _)| queued.tab != tab);
            lock.holder.take_if(|holder| holder.tab == tab);
            lock.grant_next();
            !lock.is_unused()
        });
    }

    pub(crate) fn clear(&self) {
        self.names.take();
    }
}

/// Releases the lock, or leaves its queue, when it is dropped.
struct Held {
    core: Weak<Core>,
    name: String,
    request: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(core) = self.core.upgrade() {
            core.locks.release(&self.name, self.request);
        }
    }
}
