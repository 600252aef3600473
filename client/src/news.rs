//! Who wants to hear of events, and telling them.

use crate::event::{Event, Noted};
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

type Listener = Rc<dyn Fn(&Noted)>;

#[derive(Default)]
pub(crate) struct News {
    listeners: RefCell<Vec<(u64, Listener)>>,
    next: Cell<u64>,
}

impl News {
    pub(crate) fn anybody(&self) -> bool {
        !self.listeners.borrow().is_empty()
    }

    /// Tells everybody. A listener may call anything, itself included: nothing is borrowed meanwhile.
    pub(crate) fn tell(&self, at: f64, event: Event) {
        let noted = Noted { at, event };
        let listeners: Vec<Listener> = self.listeners.borrow().iter().map(|(_, listener)| listener.clone()).collect();
        for listener in listeners {
            listener(&noted);
        }
    }

    pub(crate) fn subscribe(self: &Rc<Self>, listener: impl Fn(&Noted) + 'static) -> Subscription {
        let number = self.next.get();
        self.next.set(number + 1);
        self.listeners.borrow_mut().push((number, Rc::new(listener)));
        Subscription { news: Rc::downgrade(self), number }
    }
}

/// As long as it lives, the listener hears of events.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    news: Weak<News>,
    number: u64,
}

impl Subscription {
    /// Lets the listener hear of events as long as the session lives.
    pub fn forever(self) {
        std::mem::forget(self);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(news) = self.news.upgrade() {
            news.listeners.borrow_mut().retain(|(number, _)| *number != self.number);
        }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
