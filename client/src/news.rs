//! Who wants to hear of events, and telling them.

use crate::event::{Event, Noted};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::{Rc, Weak},
};

type Listener = Rc<dyn Fn(&Noted)>;

#[derive(Default)]
pub(crate) struct News {
    listeners: RefCell<Vec<(u64, Listener)>>,
    next: Cell<u64>,
    /// What is still to be told; not empty while somebody is being told.
    untold: RefCell<VecDeque<Rc<Noted>>>,
}

impl News {
    pub(crate) fn anybody(&self) -> bool {
        !self.listeners.borrow().is_empty()
    }

    /// Tells everybody. A listener may call anything, itself included: nothing is borrowed meanwhile. What happens by his doing is
    /// told to all when all have heard of what he was told.
    pub(crate) fn tell(&self, at: f64, event: Event) {
        self.untold.borrow_mut().push_back(Rc::new(Noted { at, event }));
        if self.untold.borrow().len() > 1 {
            return;
        }
        while let Some(noted) = self.first_untold() {
            let numbers: Vec<u64> = self.listeners.borrow().iter().map(|(number, _)| *number).collect();
            for listener in numbers.into_iter().filter_map(|number| self.listener(number)) {
                listener(&noted);
            }
            self.untold.borrow_mut().pop_front();
        }
    }

    fn first_untold(&self) -> Option<Rc<Noted>> {
        self.untold.borrow().front().cloned()
    }

    /// None: he has left meanwhile.
    fn listener(&self, number: u64) -> Option<Listener> {
        self.listeners.borrow().iter().find(|(one, _)| *one == number).map(|(_, listener)| listener.clone())
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
        let Some(news) = self.news.upgrade() else { return };
        let place = news.listeners.borrow().iter().position(|(number, _)| *number == self.number);
        // What the listener owns goes with it, maybe another subscription: by then nothing is borrowed.
        let listener = place.map(|place| news.listeners.borrow_mut().remove(place));
        drop(listener);
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Warning;

    fn list() -> Rc<RefCell<Vec<String>>> {
        Rc::default()
    }

    fn note(list: &Rc<RefCell<Vec<String>>>, who: &'static str) -> impl Fn(&Noted) + 'static {
        let list = list.clone();
        move |noted| list.borrow_mut().push(format!("{who} {}", noted.at))
    }

    fn happens(news: &News, at: f64) {
        news.tell(at, Event::Warning(Warning::StoreFull));
    }

    #[test]
    fn a_listener_may_own_another_subscription() {
        let (news, heard) = (Rc::new(News::default()), list());
        let inner = news.subscribe(note(&heard, "inner"));
        let outer = news.subscribe(move |_| {
            let _ = &inner;
        });
        drop(outer);
        happens(&news, 1.0);
        assert_eq!(*heard.borrow(), Vec::<String>::new());
    }

    #[test]
    fn all_hear_all_in_the_same_order() {
        let (news, heard) = (Rc::new(News::default()), list());
        let causing = Rc::downgrade(&news);
        news.subscribe(move |noted| {
            if let Some(news) = causing.upgrade().filter(|_| noted.at == 1.0) {
                happens(&news, 2.0);
            }
        })
        .forever();
        news.subscribe(note(&heard, "later")).forever();
        happens(&news, 1.0);
        happens(&news, 3.0);
        assert_eq!(*heard.borrow(), ["later 1", "later 2", "later 3"]);
    }

    #[test]
    fn who_has_left_hears_nothing() {
        let (news, heard) = (Rc::new(News::default()), list());
        let later = Rc::new(RefCell::new(None));
        let taken = later.clone();
        news.subscribe(move |_| drop(taken.borrow_mut().take())).forever();
        later.replace(Some(news.subscribe(note(&heard, "later"))));
        happens(&news, 1.0);
        assert_eq!(*heard.borrow(), Vec::<String>::new());
    }
}
