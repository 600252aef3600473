//! A tab of the simulated browser: the engine's platform, which can be frozen, reloaded, closed, put to sleep, and lied to.

use super::{
    store::{Shelf, Write},
    world::{Running, World},
};
use crate::{
    Builder, Client,
    error::Error,
    platform::{Address, Answer, Attempt, Guard, Platform, Signal, StoreError},
};
use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture},
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    rc::{Rc, Weak},
    time::Duration,
};

/// Its number, the key it watches, and whom to tell.
type Listener = (u64, String, Rc<dyn Fn(Signal)>);

/// A tab. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Tab(Rc<Inner>);

struct Inner {
    world: Weak<super::world::Inner>,
    number: usize,
    opened: f64,
    /// How far the device's clock is off, in milliseconds.
    clock_off: Cell<f64>,
    /// How long the monotonic clock stood still, in milliseconds.
    slept: Cell<f64>,
    frozen: Cell<bool>,
    gone: Cell<bool>,
    hidden: Cell<bool>,
    has_locks: Cell<bool>,
    store_fails: Cell<Option<StoreError>>,
    /// What this tab reads from the store.
    shelf: RefCell<Shelf>,
    last_write: Cell<f64>,
    /// When the last write of another tab arrives here, in milliseconds since the world began: they come in order.
    last_arrival: Cell<f64>,
    listeners: RefCell<Vec<Listener>>,
    /// The keys that were written to while it was frozen.
    missed: RefCell<Vec<String>>,
}

impl fmt::Debug for Tab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tab").field(&self.0.number).finish()
    }
}

impl Tab {
    pub(super) fn open(world: &World, number: usize) -> Tab {
        Tab(Rc::new(Inner {
            world: Rc::downgrade(&world.0),
            number,
            opened: world.age(),
            clock_off: Cell::new(0.0),
            slept: Cell::new(0.0),
            frozen: Cell::new(false),
            gone: Cell::new(false),
            hidden: Cell::new(false),
            has_locks: Cell::new(true),
            store_fails: Cell::new(None),
            shelf: RefCell::new(world.0.store.borrow().clone()),
            last_write: Cell::new(f64::NEG_INFINITY),
            last_arrival: Cell::new(0.0),
            listeners: RefCell::default(),
            missed: RefCell::default(),
        }))
    }

    /// A client in this tab.
    ///
    /// # Panics
    /// If the settings make no sense.
    #[must_use]
    pub fn client(&self, builder: Builder) -> Client {
        match builder.build_on(Rc::new(self.clone())) {
            Ok(client) => client,
            Err(error) => panic!("{error}"),
        }
    }

    /// Begins to run a future in this tab; it ends with the tab.
    pub fn run<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Running<T> {
        self.world().run(self.0.number, future)
    }

    /// Stops the tab in the middle of whatever it does. Its requests go on.
    pub fn freeze(&self) {
        self.0.frozen.set(true);
        self.world().0.server.disturb(self.0.number);
    }

    /// Lets a frozen tab go on, and hear what it missed.
    pub fn thaw(&self) {
        if self.0.frozen.replace(false) && !self.0.gone.get() {
            for key in self.0.missed.take() {
                self.tell_stored(&key);
            }
            self.tell(Signal::Awake);
        }
    }

    /// Closes the tab, or lets it crash: nothing in it runs any more, not even to clean up.
    pub fn close(&self) {
        self.0.gone.set(true);
        self.world().0.server.disturb(self.0.number);
        if self.has_writes_under_way() {
            self.world().0.server.excuse();
        }
        self.0.listeners.take();
        self.world().kill(self.0.number);
        self.world().0.locks.bury(self.0.number);
    }

    /// Whether it has written something that other tabs may not see yet. Closed now, it leaves its lock to one that does not know.
    #[must_use]
    pub fn has_writes_under_way(&self) -> bool {
        self.world().age() - self.0.last_write.get() < self.world().longest_lag()
    }

    /// Hides the tab behind another, or shows it again.
    pub fn hide(&self, hidden: bool) {
        self.0.hidden.set(hidden);
        if !hidden && !self.0.frozen.get() {
            self.tell(Signal::Awake);
        }
    }

    /// Sets the device's clock off by so many milliseconds.
    pub fn set_clock_off(&self, milliseconds: f64) {
        self.0.clock_off.set(milliseconds);
    }

    /// The device slept so long, by true time that has passed already: the monotonic clock did not count it.
    pub fn slept(&self, milliseconds: f64) {
        self.0.slept.set(self.0.slept.get() + milliseconds);
    }

    /// Whether this browser has Web Locks.
    pub fn has_locks(&self, has: bool) {
        self.0.has_locks.set(has);
    }

    /// Lets the store fail.
    pub fn store_fails(&self, how: Option<StoreError>) {
        self.0.store_fails.set(how);
    }

    /// Tells the tab of something outside, such as the network being back.
    pub fn tell(&self, signal: Signal) {
        let listeners: Vec<_> = self.0.listeners.borrow().iter().map(|(.., tell)| tell.clone()).collect();
        for listener in listeners {
            listener(signal);
        }
    }

    pub(super) fn close_for_good(&self) {
        self.0.gone.set(true);
        self.0.listeners.take();
    }

    pub(super) fn number(&self) -> usize {
        self.0.number
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.0.frozen.get()
    }

    pub(super) fn is_gone(&self) -> bool {
        self.0.gone.get()
    }

    /// # Panics
    /// If the world is gone before its tabs.
    pub(super) fn world(&self) -> World {
        match self.remaining_world() {
            Some(world) => world,
            None => panic!("the world is gone"),
        }
    }

    /// None when the world is being taken down, and its tabs with it.
    pub(super) fn remaining_world(&self) -> Option<World> {
        self.0.world.upgrade().map(World)
    }

    /// Another tab has written: this one will see it in a while.
    pub(super) fn expect(&self, write: Write) {
        let world = self.world();
        let arrival = (world.age() + world.lag()).max(self.0.last_arrival.get());
        self.0.last_arrival.set(arrival);
        let tab = self.clone();
        world.after(arrival - world.age(), move || tab.arrive(write));
    }

    /// A frozen page's copy is kept as any other; it only hears nothing of it.
    fn arrive(&self, write: Write) {
        if !self.receive(&write) {
            return;
        }
        if self.is_frozen() {
            self.0.missed.borrow_mut().push(write.key);
        } else {
            self.tell_stored(&write.key);
        }
    }

    fn tell_stored(&self, key: &str) {
        let listeners: Vec<_> =
            self.0.listeners.borrow().iter().filter(|(_, watched, _)| watched == key).map(|(.., tell)| tell.clone()).collect();
        for listener in listeners {
            listener(Signal::Stored);
        }
    }

    pub(super) fn receive(&self, write: &Write) -> bool {
        self.0.shelf.borrow_mut().put(write)
    }
}

impl Platform for Tab {
    fn resolve(&self, base: &str, url: &str) -> Option<Address> {
        let page = url::Url::parse("https://app.example.com/").ok()?;
        let url = page.join(base).ok()?.join(url).ok()?;
        Some(Address { origin: url.origin().ascii_serialization(), path: url.path().to_owned(), href: url.into() })
    }

    fn fetch(&self, attempt: Attempt<'_>) -> LocalBoxFuture<'static, Result<Box<dyn Answer>, Error>> {
        self.world().0.server.fetch(self, &attempt)
    }

    fn load(&self, key: &str) -> Result<Option<String>, StoreError> {
        match (self.0.store_fails.get(), self.remaining_world()) {
            (Some(StoreError::Denied), _) | (_, None) => Err(StoreError::Denied),
            (_, Some(_)) => Ok(self.0.shelf.borrow().get(key)),
        }
    }

    fn save(&self, key: &str, text: &str) -> Result<(), StoreError> {
        if let Some(error) = self.0.store_fails.get() {
            return Err(error);
        }
        let Some(world) = self.remaining_world().filter(|_| !self.is_gone()) else { return Ok(()) };
        let write = world.write(key, Some(text.to_owned()));
        self.receive(&write);
        self.0.last_write.set(world.age());
        for tab in world.0.tabs.borrow().iter().filter(|tab| !tab.is_gone() && tab.number() != self.number()) {
            tab.expect(write.clone());
        }
        // The other clients in this page hear of it at once.
        self.tell_stored(key);
        Ok(())
    }

    fn lock(&self, name: &str, steal: bool) -> Option<LocalBoxFuture<'static, Guard>> {
        self.0.has_locks.get().then(|| self.world().0.locks.request(self, name, steal))
    }

    fn wall(&self) -> f64 {
        self.world().now() + self.0.clock_off.get()
    }

    fn monotonic(&self) -> f64 {
        self.world().age() - self.0.opened - self.0.slept.get()
    }

    fn sleep(&self, time: Duration) -> LocalBoxFuture<'static, ()> {
        let (tell, done) = oneshot::channel::<()>();
        // As setTimeout: beyond 32 bits it fires at once.
        let time = if time.as_millis() > i32::MAX as u128 { 0.0 } else { time.as_secs_f64() * 1_000.0 };
        self.world().after(time, move || tell.send(()).unwrap_or_default());
        done.map(drop).boxed_local()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        if !self.is_gone() {
            self.world().spawn(self.0.number, task);
        }
    }

    fn random(&self) -> f64 {
        self.world().fraction()
    }

    fn watch(&self, key: &str, tell: Rc<dyn Fn(Signal)>) -> Guard {
        let number = self.world().random(u64::MAX);
        self.0.listeners.borrow_mut().push((number, key.to_owned(), tell));
        Box::new(Listening { tab: Rc::downgrade(&self.0), number })
    }

    fn visible(&self) -> bool {
        !self.0.hidden.get()
    }
}

struct Listening {
    tab: Weak<Inner>,
    number: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(tab) = self.tab.upgrade() {
            let heard = self.number;
            tab.listeners.borrow_mut().retain(|(number, ..)| *number != heard);
        }
    }
}
