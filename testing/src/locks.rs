//! Web Locks: one queue per name. Locks of a closed tab are released, locks of a frozen tab are not.

use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture},
};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::{Rc, Weak},
};
use wugan::platform::Guard;

#[derive(Default)]
pub(crate) struct Locks {
    names: Rc<Names>,
    requests: Cell<u64>,
}

/// The locks that are held or waited for.
#[derive(Default)]
struct Names(RefCell<BTreeMap<String, Lock>>);

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

impl Names {
    fn release(&self, name: &str, request: u64) {
        let mut names = self.0.borrow_mut();
        if let Some(lock) = names.get_mut(name) {
            lock.queue.retain(|(queued, _)| queued.request != request);
            lock.holder.take_if(|holder| holder.request == request);
            lock.grant_next();
            if lock.is_unused() {
                names.remove(name);
            }
        }
    }
}

impl Locks {
    pub(crate) fn request(&self, tab: usize, name: &str) -> LocalBoxFuture<'static, Guard> {
        let request = self.requests.get();
        self.requests.set(request + 1);
        let (sender, granted) = oneshot::channel();
        let mut names = self.names.0.borrow_mut();
        let lock = names.entry(name.to_owned()).or_default();
        lock.queue.push_back((Holder { request, tab }, sender));
        lock.grant_next();
        let held = Held { names: Rc::downgrade(&self.names), name: name.to_owned(), request };
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
        Some(self.names.0.borrow().get(name)?.holder?.tab)
    }

    /// Releases all locks of a tab that was closed, and removes it from all queues.
    pub(crate) fn release_all(&self, tab: usize) {
        self.names.0.borrow_mut().retain(|_, lock| {
            lock.queue.retain(|(queued, _)| queued.tab != tab);
            lock.holder.take_if(|holder| holder.tab == tab);
            lock.grant_next();
            !lock.is_unused()
        });
    }

    pub(crate) fn clear(&self) {
        self.names.0.take();
    }
}

/// Releases the lock, or leaves its queue, when it is dropped.
struct Held {
    names: Weak<Names>,
    name: String,
    request: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(names) = self.names.upgrade() {
            names.release(&self.name, self.request);
        }
    }
}
