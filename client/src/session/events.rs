//! Delivers events to observers. Each observer gets all events, in the same order.

use crate::session::event::Fact;
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
};

pub(crate) trait Observer {
    /// Notes what happened at a time of the monotonic clock. It calls nothing.
    fn note(&self, at: f64, fact: &Fact<'_>);

    /// Acts on what was noted. This may cause further events.
    fn deliver(&self);

    /// The subscription has ended: nothing more is to be delivered.
    fn close(&self) {}
}

#[derive(Default)]
pub(crate) struct EventEmitter {
    observers: RefCell<Vec<Rc<dyn Observer>>>,
    /// A shared future is being polled, or the poll ended with a panic.
    is_deferring: Cell<bool>,
    /// A task will deliver the events of that time.
    has_deferred: Cell<bool>,
}

impl EventEmitter {
    /// Returns whether a task of its own has to call [`deliver_deferred`](Self::deliver_deferred).
    pub(crate) fn emit(&self, at: f64, fact: &Fact<'_>) -> bool {
        self.observers.borrow().iter().for_each(|observer| observer.note(at, fact));
        self.deliver();
        self.is_deferring.get() && !self.has_deferred.replace(true)
    }

    /// Delivers what the observers have noted.
    pub(crate) fn deliver(&self) {
        if !self.is_deferring.get() {
            let observers = self.observers.borrow().clone();
            observers.iter().for_each(|observer| observer.deliver());
        }
    }

    /// Delivers the events of polls, for a task: no poll of a shared future is going on.
    pub(crate) fn deliver_deferred(&self) {
        self.is_deferring.set(false);
        self.has_deferred.set(false);
        self.deliver();
    }

    /// Polls a shared future. A listener that panicked meanwhile would leave it locked, and each later waiter would wait for ever, so its
    /// events wait.
    pub(crate) fn defer<T>(&self, poll: impl FnOnce() -> T) -> T {
        self.is_deferring.set(true);
        let polled = poll();
        self.is_deferring.set(false);
        polled
    }

    pub(crate) fn subscribe(self: &Rc<Self>, observer: Rc<dyn Observer>) -> Subscription {
        self.observers.borrow_mut().push(observer.clone());
        Subscription { emitter: Rc::downgrade(self), observer: Rc::downgrade(&observer) }
    }
}

/// Keeps a listener subscribed until it is dropped.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    emitter: Weak<EventEmitter>,
    observer: Weak<dyn Observer>,
}

impl Subscription {
    /// Keeps the listener subscribed as long as the session lives.
    pub fn forget(mut self) {
        // `mem::forget` would leak what the weak references keep allocated.
        self.emitter = Weak::new();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let Some(emitter) = self.emitter.upgrade() else { return };
        let is_ours = |observer: &Rc<dyn Observer>| std::ptr::addr_eq(Rc::as_ptr(observer), self.observer.as_ptr());
        let index = emitter.observers.borrow().iter().position(is_ours);
        // The observer may own another subscription: nothing is borrowed while it is dropped.
        let observer = index.map(|index| emitter.observers.borrow_mut().remove(index));
        if let Some(observer) = observer {
            observer.close();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
