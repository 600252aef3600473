//! Delivers events to listeners. Each listener has a queue of its own, so all receive all events in the same order.

use crate::session::event::TimedEvent;
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
};

struct Listener {
    callback: Box<dyn Fn(&TimedEvent)>,
    queue: RefCell<Vec<Rc<TimedEvent>>>,
    /// Set while the callback runs, and for good if it panics: later events then skip this listener only.
    is_running: Cell<bool>,
}

impl Listener {
    /// Re-entrant: an event that the callback causes is delivered when it has returned.
    fn deliver(&self) {
        if self.is_running.get() {
            return;
        }
        while let Some(event) = self.next() {
            self.is_running.set(true);
            (self.callback)(&event);
            self.is_running.set(false);
        }
    }

    fn next(&self) -> Option<Rc<TimedEvent>> {
        let mut queue = self.queue.borrow_mut();
        (!queue.is_empty()).then(|| queue.remove(0))
    }
}

#[derive(Default)]
pub(crate) struct EventEmitter {
    listeners: RefCell<Vec<Rc<Listener>>>,
    /// A shared future is being polled, or the poll ended with a panic.
    is_deferring: Cell<bool>,
    /// A task will deliver the events of that time.
    has_deferred: Cell<bool>,
}

impl EventEmitter {
    /// The longest queue: a listener that panicked is never called again, and would collect events without end.
    const MAX_QUEUE: usize = 1_000;

    pub(crate) fn has_listeners(&self) -> bool {
        !self.listeners.borrow().is_empty()
    }

    /// Returns whether a task of its own has to call [`deliver_deferred`](Self::deliver_deferred).
    pub(crate) fn emit(&self, event: &Rc<TimedEvent>) -> bool {
        let listeners = self.listeners.borrow().clone();
        for listener in &listeners {
            let mut queue = listener.queue.borrow_mut();
            if queue.len() < Self::MAX_QUEUE {
                queue.push(event.clone());
            }
        }
        self.deliver();
        self.is_deferring.get() && !self.has_deferred.replace(true)
    }

    /// Delivers what the listeners have not received yet.
    pub(crate) fn deliver(&self) {
        if !self.is_deferring.get() {
            let listeners = self.listeners.borrow().clone();
            listeners.iter().for_each(|listener| listener.deliver());
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

    /// Adds a listener, which receives the events of `backlog` first.
    pub(crate) fn subscribe(self: &Rc<Self>, callback: impl Fn(&TimedEvent) + 'static, backlog: Vec<Rc<TimedEvent>>) -> Subscription {
        let listener = Rc::new(Listener { callback: Box::new(callback), queue: RefCell::new(backlog), is_running: Cell::new(false) });
        self.listeners.borrow_mut().push(listener.clone());
        listener.deliver();
        Subscription { emitter: Rc::downgrade(self), listener: Rc::downgrade(&listener) }
    }
}

/// Keeps a listener subscribed until it is dropped.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    emitter: Weak<EventEmitter>,
    listener: Weak<Listener>,
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
        let is_ours = |listener: &Rc<Listener>| std::ptr::eq(Rc::as_ptr(listener), self.listener.as_ptr());
        let index = emitter.listeners.borrow().iter().position(is_ours);
        // The callback may own another subscription: nothing is borrowed while it is dropped.
        let listener = index.map(|index| emitter.listeners.borrow_mut().remove(index));
        if let Some(listener) = listener {
            let queue = listener.queue.take();
            drop((queue, listener));
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::event::{Event, Warning};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn log() -> Rc<RefCell<Vec<String>>> {
        Rc::default()
    }

    fn writes(log: &Rc<RefCell<Vec<String>>>, name: &'static str) -> impl Fn(&TimedEvent) + 'static {
        let log = log.clone();
        move |event| log.borrow_mut().push(format!("{name} {}", event.at))
    }

    fn event(at: f64) -> Rc<TimedEvent> {
        Rc::new(TimedEvent { at, event: Event::Warning(Warning::StoreFull) })
    }

    #[test]
    fn a_callback_may_own_another_subscription() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        let inner = emitter.subscribe(writes(&log, "inner"), Vec::new());
        let outer = emitter.subscribe(
            move |_| {
                let _ = &inner;
            },
            Vec::new(),
        );
        drop(outer);
        emitter.emit(&event(1.0));
        assert_eq!(*log.borrow(), Vec::<String>::new());
    }

    #[test]
    fn all_listeners_receive_all_events_in_the_same_order() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        let reentrant = Rc::downgrade(&emitter);
        let first = writes(&log, "first");
        emitter
            .subscribe(
                move |received| {
                    first(received);
                    if let Some(emitter) = reentrant.upgrade().filter(|_| received.at == 1.0) {
                        emitter.emit(&event(2.0));
                    }
                },
                Vec::new(),
            )
            .forget();
        emitter.subscribe(writes(&log, "second"), Vec::new()).forget();
        emitter.emit(&event(1.0));
        emitter.emit(&event(3.0));
        let of = |name: &str| log.borrow().iter().filter(|line| line.starts_with(name)).cloned().collect::<Vec<_>>();
        assert_eq!(of("first"), ["first 1", "first 2", "first 3"]);
        assert_eq!(of("second"), ["second 1", "second 2", "second 3"]);
    }

    #[test]
    fn an_unsubscribed_listener_receives_nothing() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        let later = Rc::new(RefCell::new(None));
        let taken = later.clone();
        emitter.subscribe(move |_| drop(taken.borrow_mut().take()), Vec::new()).forget();
        later.replace(Some(emitter.subscribe(writes(&log, "later"), Vec::new())));
        emitter.emit(&event(1.0));
        assert_eq!(*log.borrow(), Vec::<String>::new());
    }

    #[test]
    fn case_44_a_new_listener_receives_the_backlog_first() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        emitter.subscribe(writes(&log, "a"), vec![event(1.0)]).forget();
        emitter.subscribe(writes(&log, "b"), vec![event(1.0)]).forget();
        emitter.emit(&event(2.0));
        assert_eq!(*log.borrow(), ["a 1", "b 1", "a 2", "b 2"]);
    }

    #[test]
    fn case_47_a_panicking_listener_does_not_silence_the_others() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        emitter.subscribe(|_| std::panic::resume_unwind(Box::new(())), Vec::new()).forget();
        emitter.subscribe(writes(&log, "other"), Vec::new()).forget();
        assert!(catch_unwind(AssertUnwindSafe(|| emitter.emit(&event(1.0)))).is_err());
        emitter.emit(&event(2.0));
        assert_eq!(*log.borrow(), ["other 1", "other 2"]);
    }
}
