//! Web Locks, simulated: a queue for each name, thefts, and tabs that die with a lock in their hands.

use super::tab::Tab;
use crate::platform::Guard;
use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture},
};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
};

#[derive(Default)]
pub(super) struct Locks {
    names: RefCell<BTreeMap<String, Lock>>,
    tickets: Cell<u64>,
}

#[derive(Default)]
struct Lock {
    /// Ticket and tab.
    holder: Option<(u64, usize)>,
    queue: VecDeque<(u64, usize, oneshot::Sender<()>)>,
}

impl Lock {
    /// The first in the queue gets it, if nobody has it.
    fn pass_on(&mut self) {
        while self.holder.is_none()
            && let Some((ticket, tab, tell)) = self.queue.pop_front()
        {
            if tell.send(()).is_ok() {
                self.holder = Some((ticket, tab));
            }
        }
    }
}

impl Locks {
    pub(super) fn request(&self, tab: &Tab, name: &str, steal: bool) -> LocalBoxFuture<'static, Guard> {
        let ticket = self.tickets.get();
        self.tickets.set(ticket + 1);
        let (tell, granted) = oneshot::channel();
        let mut names = self.names.borrow_mut();
        let lock = names.entry(name.to_owned()).or_default();
        if steal {
            lock.holder = None;
            lock.queue.push_front((ticket, tab.number(), tell));
        } else {
            lock.queue.push_back((ticket, tab.number(), tell));
        }
        lock.pass_on();
        let held = Held { tab: tab.clone(), name: name.to_owned(), ticket };
        async move {
            let guard: Guard = Box::new(held);
            // It is cancelled when its tab dies, and then nobody is there to notice.
            let _ = granted.await;
            guard
        }
        .boxed_local()
    }

    fn release(&self, name: &str, ticket: u64) {
        if let Some(lock) = self.names.borrow_mut().get_mut(name) {
            lock.queue.retain(|(queued, ..)| *queued != ticket);
            if lock.holder.is_some_and(|(holder, _)| holder == ticket) {
                lock.holder = None;
            }
            lock.pass_on();
        }
    }

    /// A tab died: the browser takes its locks back.
    pub(super) fn bury(&self, tab: usize) {
        for lock in self.names.borrow_mut().values_mut() {
            lock.queue.retain(|(_, queued, _)| *queued != tab);
            lock.holder.take_if(|(_, holder)| *holder == tab);
            lock.pass_on();
        }
    }
}

struct Held {
    tab: Tab,
    name: String,
    ticket: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(world) = self.tab.remaining_world() {
            world.0.locks.release(&self.name, self.ticket);
        }
    }
}
