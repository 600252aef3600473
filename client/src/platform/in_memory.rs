//! A platform whose storage is the program's memory, for sessions that end with the page.

use super::{Address, Guard, Platform, PlatformEvent, PlatformRequest, PlatformResponse, StoreError};
use crate::error::Error;
use futures::future::LocalBoxFuture;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

/// How the keys end that are written to the platform's own storage: they contain no token.
pub(crate) const SIGNED_OUT: &str = ".signed_out";

struct InMemory {
    platform: Rc<dyn Platform>,
    stored: RefCell<BTreeMap<String, String>>,
}

/// The same platform with a storage of its own.
pub(crate) fn in_memory(platform: Rc<dyn Platform>) -> Rc<dyn Platform> {
    Rc::new(InMemory { platform, stored: RefCell::default() })
}

impl Platform for InMemory {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        if key.ends_with(SIGNED_OUT) { self.platform.get(key) } else { Ok(self.stored.borrow().get(key).cloned()) }
    }

    fn set(&self, key: &str, text: &str) -> Result<(), StoreError> {
        if key.ends_with(SIGNED_OUT) {
            return self.platform.set(key, text);
        }
        self.stored.borrow_mut().insert(key.to_owned(), text.to_owned());
        Ok(())
    }

    fn resolve(&self, base: &str, url: &str) -> Option<Address> {
        self.platform.resolve(base, url)
    }

    fn fetch(&self, request: PlatformRequest<'_>) -> LocalBoxFuture<'static, Result<Box<dyn PlatformResponse>, Error>> {
        self.platform.fetch(request)
    }

    fn lock(&self, name: &str) -> Option<LocalBoxFuture<'static, Guard>> {
        self.platform.lock(name)
    }

    fn lock_holder(&self, name: &str) -> LocalBoxFuture<'static, Option<String>> {
        self.platform.lock_holder(name)
    }

    fn now(&self) -> f64 {
        self.platform.now()
    }

    fn monotonic(&self) -> f64 {
        self.platform.monotonic()
    }

    fn sleep(&self, time: Duration) -> LocalBoxFuture<'static, ()> {
        self.platform.sleep(time)
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        self.platform.spawn(task);
    }

    fn random(&self) -> f64 {
        self.platform.random()
    }

    fn subscribe(&self, key: &str, notify: Rc<dyn Fn(PlatformEvent)>) -> Guard {
        self.platform.subscribe(key, notify)
    }

    fn visible(&self) -> bool {
        self.platform.visible()
    }

    fn sends_streams(&self, detect: fn() -> bool) -> bool {
        self.platform.sends_streams(detect)
    }
}
