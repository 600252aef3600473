//! Calls a listener of the program for each event.

use crate::session::{
    event::{Fact, TimedEvent},
    events::{EventEmitter, Observer, Subscription},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// The longest queue: a listener that panicked is never called again, and would collect events without end.
const MAX_QUEUE: usize = 1_000;

type Callback = Box<dyn Fn(&TimedEvent)>;

pub(crate) struct Listener {
    /// Boxed, so that the code of a listener exists once.
    callback: Callback,
    queue: RefCell<Vec<TimedEvent>>,
    /// Set while the callback runs, and for good if it panics: later events then skip this listener only.
    is_running: Cell<bool>,
}

impl Listener {
    /// Adds a listener, which receives the events of `backlog` first.
    pub(crate) fn subscribe(emitter: &Rc<EventEmitter>, callback: Callback, backlog: Vec<TimedEvent>) -> Subscription {
        let listener = Rc::new(Listener { callback, queue: RefCell::new(backlog), is_running: Cell::new(false) });
        let subscription = emitter.subscribe(listener.clone());
        listener.deliver();
        subscription
    }

    fn next(&self) -> Option<TimedEvent> {
        let mut queue = self.queue.borrow_mut();
        (!queue.is_empty()).then(|| queue.remove(0))
    }
}

impl Observer for Listener {
    fn note(&self, at: f64, fact: &Fact<'_>) {
        let mut queue = self.queue.borrow_mut();
        if queue.len() < MAX_QUEUE {
            queue.push(TimedEvent { at, event: fact.event() });
        }
    }

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

    fn close(&self) {
        self.queue.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warning::Warning;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn subscribe(emitter: &Rc<EventEmitter>, callback: impl Fn(&TimedEvent) + 'static, backlog: Vec<TimedEvent>) -> Subscription {
        Listener::subscribe(emitter, Box::new(callback), backlog)
    }

    fn emit(emitter: &EventEmitter, at: f64) {
        emitter.emit(at, &Fact::Warning(&Warning::StoreFull));
    }

    fn log() -> Rc<RefCell<Vec<String>>> {
        Rc::default()
    }

    fn writes(log: &Rc<RefCell<Vec<String>>>, name: &'static str) -> impl Fn(&TimedEvent) + 'static {
        let log = log.clone();
        move |event| log.borrow_mut().push(format!("{name} {}", event.at))
    }

    fn event(at: f64) -> TimedEvent {
        TimedEvent { at, event: Fact::Warning(&Warning::StoreFull).event() }
    }

    #[test]
    fn a_callback_may_own_another_subscription() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        let inner = subscribe(&emitter, writes(&log, "inner"), Vec::new());
        let outer = subscribe(
            &emitter,
            move |_| {
                let _ = &inner;
            },
            Vec::new(),
        );
        drop(outer);
        emit(&emitter, 1.0);
        assert_eq!(*log.borrow(), Vec::<String>::new());
    }

    #[test]
    fn all_listeners_receive_all_events_in_the_same_order() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        let reentrant = Rc::downgrade(&emitter);
        let first = writes(&log, "first");
        subscribe(
            &emitter,
            move |received| {
                first(received);
                if let Some(emitter) = reentrant.upgrade().filter(|_| received.at == 1.0) {
                    emit(&emitter, 2.0);
                }
            },
            Vec::new(),
        )
        .forget();
        subscribe(&emitter, writes(&log, "second"), Vec::new()).forget();
        emit(&emitter, 1.0);
        emit(&emitter, 3.0);
        let of = |name: &str| log.borrow().iter().filter(|line| line.starts_with(name)).cloned().collect::<Vec<_>>();
        assert_eq!(of("first"), ["first 1", "first 2", "first 3"]);
        assert_eq!(of("second"), ["second 1", "second 2", "second 3"]);
    }

    #[test]
    fn an_unsubscribed_listener_receives_nothing() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        let later = Rc::new(RefCell::new(None));
        let taken = later.clone();
        subscribe(&emitter, move |_| drop(taken.borrow_mut().take()), Vec::new()).forget();
        later.replace(Some(subscribe(&emitter, writes(&log, "later"), Vec::new())));
        emit(&emitter, 1.0);
        assert_eq!(*log.borrow(), Vec::<String>::new());
    }

    #[test]
    fn case_44_a_new_listener_receives_the_backlog_first() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        subscribe(&emitter, writes(&log, "a"), vec![event(1.0)]).forget();
        subscribe(&emitter, writes(&log, "b"), vec![event(1.0)]).forget();
        emit(&emitter, 2.0);
        assert_eq!(*log.borrow(), ["a 1", "b 1", "a 2", "b 2"]);
    }

    #[test]
    fn case_47_a_panicking_listener_does_not_silence_the_others() {
        let (emitter, log) = (Rc::new(EventEmitter::default()), log());
        subscribe(&emitter, |_| std::panic::resume_unwind(Box::new(())), Vec::new()).forget();
        subscribe(&emitter, writes(&log, "other"), Vec::new()).forget();
        assert!(catch_unwind(AssertUnwindSafe(|| emit(&emitter, 1.0))).is_err());
        emit(&emitter, 2.0);
        assert_eq!(*log.borrow(), ["other 1", "other 2"]);
    }
}
