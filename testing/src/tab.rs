//! A tab of the simulated browser. It implements the engine's platform and can be frozen, hidden, closed and put to sleep.

use crate::{
    keys::{PublicKey, hash},
    network,
    simulation::{Core, millis},
    store::{StoreReplica, Write},
    urls,
};
use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture, pending},
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    rc::{Rc, Weak},
    time::Duration,
};
use wugan::{
    Client, ClientBuilder, Error,
    platform::{Address, Guard, Platform, PlatformEvent, PlatformRequest, PlatformResponse, SigningKey, StoreError},
};

/// The longest delay that `setTimeout` takes, in milliseconds (HTML, timer initialization steps). A longer one is cut, as the
/// platform of the browser does.
const MAX_TIMEOUT: f64 = i32::MAX as f64;

/// How long `navigator.locks.query()` takes at most, in milliseconds.
const LOCK_QUERY: f64 = 2.0;

/// How long one use of a key takes at most, in milliseconds.
const KEY_USE: f64 = 2.0;

/// A tab. Clones are handles to the same tab.
#[derive(Clone)]
pub struct Tab(Rc<Inner>);

struct Inner {
    core: Weak<Core>,
    number: usize,
    opened: f64,
    /// By how many milliseconds the device's clock is wrong.
    clock_offset: Cell<f64>,
    /// For how many milliseconds the monotonic clock stood still.
    slept: Cell<f64>,
    is_frozen: Cell<bool>,
    /// When it thawed last, in milliseconds since the start.
    thawed_at: Cell<f64>,
    is_closed: Cell<bool>,
    is_hidden: Cell<bool>,
    has_locks: Cell<bool>,
    sends_streams: Cell<bool>,
    store_error: Cell<Option<StoreError>>,
    fails_to_read_keys: Cell<bool>,
    store: RefCell<StoreReplica>,
    last_write: Cell<f64>,
    /// When the last write of another tab arrives here, in milliseconds since the start: writes arrive in order.
    last_arrival: Cell<f64>,
    listeners: RefCell<Vec<Listener>>,
    /// The keys that were written while the tab was frozen.
    missed: RefCell<Vec<Rc<str>>>,
    pending_timers: Cell<usize>,
    /// The servers whose nonce the page has read, and when, in milliseconds since the start.
    nonces: RefCell<BTreeMap<String, f64>>,
}

struct Listener {
    id: u64,
    key: String,
    notify: Rc<dyn Fn(PlatformEvent)>,
}

impl fmt::Debug for Tab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tab").field(&self.0.number).finish()
    }
}

impl Tab {
    pub(crate) fn open(core: &Rc<Core>, number: usize) -> Tab {
        Tab(Rc::new(Inner {
            core: Rc::downgrade(core),
            number,
            opened: core.executor.elapsed(),
            clock_offset: Cell::new(0.0),
            slept: Cell::new(0.0),
            is_frozen: Cell::new(false),
            thawed_at: Cell::new(f64::NEG_INFINITY),
            is_closed: Cell::new(false),
            is_hidden: Cell::new(false),
            has_locks: Cell::new(true),
            sends_streams: Cell::new(true),
            store_error: Cell::new(None),
            fails_to_read_keys: Cell::new(false),
            store: RefCell::new(core.store.borrow().clone()),
            last_write: Cell::new(f64::NEG_INFINITY),
            last_arrival: Cell::new(0.0),
            listeners: RefCell::default(),
            missed: RefCell::default(),
            pending_timers: Cell::new(0),
            nonces: RefCell::default(),
        }))
    }

    /// Builds a client that runs in this tab.
    ///
    /// # Panics
    /// If the settings are invalid.
    #[must_use]
    pub fn client(&self, builder: ClientBuilder) -> Client {
        match builder.build_on(Rc::new(self.clone())) {
            Ok(client) => client,
            Err(error) => panic!("{error}"),
        }
    }

    /// Stops all tasks of the tab where they are. Its network requests go on.
    pub fn freeze(&self) {
        self.0.is_frozen.set(true);
        // A proof that is being made now is sent when the tab thaws.
        self.0.nonces.take();
        self.mark_interrupted();
    }

    /// Resumes a frozen tab and delivers the storage events that it missed.
    pub fn thaw(&self) {
        if self.0.is_frozen.replace(false) && !self.0.is_closed.get() {
            self.0.thawed_at.set(self.core().map_or(0.0, |core| core.executor.elapsed()));
            for key in self.0.missed.take() {
                self.notify_stored(&key);
            }
            self.notify(PlatformEvent::Awake);
        }
    }

    /// Closes the tab as a crash does: no destructor of its tasks can do anything outside of it.
    pub fn close(&self) {
        let Some(core) = self.core() else { return };
        self.0.is_closed.set(true);
        self.mark_interrupted();
        if self.has_unpublished_writes() {
            core.servers.borrow().iter().for_each(|server| server.allow_duplicate());
        }
        self.0.listeners.take();
        core.executor.kill(self.0.number);
        core.locks.release_all(self.0.number);
    }

    /// Whether a write of this tab may not have reached the other tabs yet. If the tab is closed now, its lock is free before they
    /// can read what it wrote.
    #[must_use]
    pub fn has_unpublished_writes(&self) -> bool {
        self.core().is_some_and(|core| core.executor.elapsed() - self.0.last_write.get() <= core.longest_store_lag())
    }

    /// Hides the tab behind another one, or shows it again.
    pub fn hide(&self, hidden: bool) {
        self.0.is_hidden.set(hidden);
        if !hidden && !self.0.is_frozen.get() {
            self.notify(PlatformEvent::Awake);
        }
    }

    /// Sets by how many milliseconds the device's clock is wrong.
    pub fn set_clock_offset(&self, milliseconds: f64) {
        self.0.clock_offset.set(milliseconds);
    }

    /// Tells the tab that the device slept for the last `milliseconds`: the monotonic clock did not count them.
    pub fn add_sleep(&self, milliseconds: f64) {
        self.0.slept.set(self.0.slept.get() + milliseconds);
    }

    /// Sets whether the browser has Web Locks. Default: yes.
    pub fn set_web_locks(&self, has_locks: bool) {
        self.0.has_locks.set(has_locks);
    }

    /// Sets whether the browser can send a stream as a body. Default: yes.
    pub fn set_request_streams(&self, sends_streams: bool) {
        self.0.sends_streams.set(sends_streams);
    }

    /// Makes every use of `localStorage` fail in this way, or work again.
    pub fn set_store_error(&self, error: Option<StoreError>) {
        self.0.store_error.set(error);
    }

    /// Makes every use of the store of keys fail, or work again. Keys that were read can still be used.
    pub fn set_key_store_error(&self, fails: bool) {
        self.0.fails_to_read_keys.set(fails);
    }

    /// Delivers an event of the browser to all clients of this tab, such as the network being back.
    pub fn notify(&self, event: PlatformEvent) {
        let listeners: Vec<_> = self.0.listeners.borrow().iter().map(|listener| listener.notify.clone()).collect();
        for notify in listeners {
            notify(event);
        }
    }

    /// Whether a request for new tokens of this tab is in flight.
    #[must_use]
    pub fn is_refreshing(&self) -> bool {
        self.core().is_some_and(|core| core.servers.borrow().iter().any(|server| server.is_refreshing(self.0.number)))
    }

    /// How many timers of this tab have not fired yet and still have a task that waits for them.
    #[must_use]
    pub fn pending_timers(&self) -> usize {
        self.0.pending_timers.get()
    }

    /// How many tasks of this tab have not ended.
    #[must_use]
    pub fn running_tasks(&self) -> usize {
        self.core().map_or(0, |core| core.executor.running_tasks(self.0.number))
    }

    /// Ends the tab together with the simulation.
    pub(crate) fn shut_down(&self) {
        self.0.is_closed.set(true);
        self.0.listeners.take();
    }

    pub(crate) fn number(&self) -> usize {
        self.0.number
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.0.is_frozen.get()
    }

    /// How long ago the tab thawed, in milliseconds.
    pub(crate) fn awake_for(&self) -> f64 {
        self.core().map_or(f64::INFINITY, |core| core.executor.elapsed() - self.0.thawed_at.get())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed.get()
    }

    /// The page has read a nonce of this server.
    pub(crate) fn note_nonce(&self, origin: &str) {
        if let Some(core) = self.core() {
            self.0.nonces.borrow_mut().entry(origin.to_owned()).or_insert(core.executor.elapsed());
        }
    }

    /// Whether the page has read a nonce of this server before it began to make a proof that is sent now.
    pub(crate) fn has_read_nonce(&self, origin: &str) -> bool {
        let began = self.core().map_or(0.0, |core| core.executor.elapsed() - KEY_USE);
        self.0.nonces.borrow().get(origin).is_some_and(|read| *read < began)
    }

    /// Completes when one use of a key has ended. Never completes once the simulation has ended.
    async fn use_key(&self) -> Rc<Core> {
        if let Some(core) = self.core() {
            self.sleep(Duration::from_secs_f64(core.executor.fraction() * KEY_USE / 1_000.0)).await;
        }
        match self.core() {
            Some(core) => core,
            None => pending().await,
        }
    }

    fn signing_key(&self, key: PublicKey) -> Rc<dyn SigningKey> {
        Rc::new(TabKey { tab: self.clone(), key })
    }

    fn check_key_store(&self) -> Result<(), Error> {
        if self.0.fails_to_read_keys.get() { Err(Error::Unavailable { retry_after: Duration::from_secs(1) }) } else { Ok(()) }
    }

    /// `None` once the simulation has ended.
    pub(crate) fn core(&self) -> Option<Rc<Core>> {
        self.0.core.upgrade()
    }

    /// Marks refreshes of this tab that are in flight: the tab may not learn their result.
    fn mark_interrupted(&self) {
        if let Some(core) = self.core() {
            core.servers.borrow().iter().for_each(|server| server.mark_interrupted(self.0.number));
        }
    }

    /// Delivers a write of another tab after the lag of the storage.
    fn deliver_later(&self, core: &Rc<Core>, write: Write) {
        let elapsed = core.executor.elapsed();
        let arrival = (elapsed + core.executor.fraction() * core.longest_store_lag()).max(self.0.last_arrival.get());
        self.0.last_arrival.set(arrival);
        let tab = self.clone();
        core.executor.after(arrival - elapsed, move || tab.receive(write));
    }

    /// The replica of a frozen tab is updated too; only the event waits until it thaws.
    fn receive(&self, write: Write) {
        if !self.apply(&write) {
            return;
        }
        if self.is_frozen() {
            self.0.missed.borrow_mut().push(write.key);
        } else {
            self.notify_stored(&write.key);
        }
    }

    fn notify_stored(&self, key: &str) {
        let listeners = self.0.listeners.borrow();
        let listeners: Vec<_> = listeners.iter().filter(|listener| listener.key == key).map(|listener| listener.notify.clone()).collect();
        for notify in listeners {
            notify(PlatformEvent::Stored);
        }
    }

    pub(crate) fn apply(&self, write: &Write) -> bool {
        self.0.store.borrow_mut().apply(write)
    }
}

impl Platform for Tab {
    fn resolve(&self, base: &str, url: &str) -> Option<Address> {
        urls::resolve(base, url)
    }

    fn fetch(&self, request: PlatformRequest<'_>) -> LocalBoxFuture<'static, Result<Box<dyn PlatformResponse>, Error>> {
        match self.core() {
            Some(core) => network::fetch(&core, self, &request),
            None => pending().boxed_local(),
        }
    }

    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        match self.0.store_error.get() {
            Some(StoreError::Denied) => Err(StoreError::Denied),
            _ => Ok(self.0.store.borrow().get(key).map(|text| text.to_string())),
        }
    }

    fn set(&self, key: &str, text: &str) -> Result<(), StoreError> {
        if let Some(error) = self.0.store_error.get() {
            return Err(error);
        }
        let Some(core) = self.core().filter(|_| !self.is_closed()) else { return Ok(()) };
        let write = core.write(key, Some(text));
        self.apply(&write);
        self.0.last_write.set(core.executor.elapsed());
        for tab in core.tabs.borrow().iter().filter(|tab| !tab.is_closed() && tab.number() != self.number()) {
            tab.deliver_later(&core, write.clone());
        }
        // Other clients in this page are notified at once.
        self.notify_stored(key);
        Ok(())
    }

    fn lock(&self, name: &str) -> Option<LocalBoxFuture<'static, Guard>> {
        let core = self.core().filter(|_| self.0.has_locks.get())?;
        Some(core.locks.request(self, name))
    }

    fn lock_holder(&self, name: &str) -> LocalBoxFuture<'static, Option<String>> {
        let Some(core) = self.core().filter(|_| self.0.has_locks.get()) else { return async { None }.boxed_local() };
        let (tab, name) = (self.clone(), name.to_owned());
        let delay = Duration::from_secs_f64(core.executor.fraction() * LOCK_QUERY / 2_000.0);
        async move {
            tab.sleep(delay).await;
            let holder = tab.core()?.locks.holder(&name)?;
            tab.sleep(delay).await;
            Some(format!("tab-{holder}"))
        }
        .boxed_local()
    }

    fn now(&self) -> f64 {
        self.core().map_or(0.0, |core| core.now() + self.0.clock_offset.get())
    }

    fn monotonic(&self) -> f64 {
        self.core().map_or(0.0, |core| core.executor.elapsed() - self.0.opened - self.0.slept.get())
    }

    fn sleep(&self, time: Duration) -> LocalBoxFuture<'static, ()> {
        let Some(core) = self.core() else { return pending().boxed_local() };
        let time = millis(time).min(MAX_TIMEOUT);
        let (sender, fired) = oneshot::channel::<()>();
        let timer = core.executor.after(time, move || {
            let _ = sender.send(());
        });
        self.0.pending_timers.set(self.0.pending_timers.get() + 1);
        let pending = PendingTimer { tab: self.clone(), timer };
        async move {
            let _ = fired.await;
            drop(pending);
        }
        .boxed_local()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        if let Some(core) = self.core().filter(|_| !self.is_closed()) {
            core.executor.spawn(self.0.number, task);
        }
    }

    fn random(&self) -> f64 {
        self.core().map_or(0.0, |core| core.executor.fraction())
    }

    fn subscribe(&self, key: &str, notify: Rc<dyn Fn(PlatformEvent)>) -> Guard {
        let id = self.core().map_or(0, |core| core.executor.next_number());
        self.0.listeners.borrow_mut().push(Listener { id, key: key.to_owned(), notify });
        Box::new(Subscribed { tab: Rc::downgrade(&self.0), id })
    }

    fn visible(&self) -> bool {
        !self.0.is_hidden.get()
    }

    fn sends_streams(&self, _: fn() -> bool) -> bool {
        self.0.sends_streams.get()
    }

    fn key(&self, name: &str) -> LocalBoxFuture<'static, Result<Option<Rc<dyn SigningKey>>, Error>> {
        let (tab, name) = (self.clone(), name.to_owned());
        async move {
            let stored = tab.use_key().await.keys.stored(&name);
            tab.check_key_store()?;
            Ok(stored.map(|key| tab.signing_key(key)))
        }
        .boxed_local()
    }

    fn make_key(&self, name: &str) -> LocalBoxFuture<'static, Result<Rc<dyn SigningKey>, Error>> {
        let (tab, name) = (self.clone(), name.to_owned());
        async move {
            let core = tab.use_key().await;
            tab.check_key_store()?;
            Ok(tab.signing_key(core.keys.make(&name, core.executor.random(u64::MAX))))
        }
        .boxed_local()
    }

    fn sha256(&self, text: &str) -> LocalBoxFuture<'static, Result<String, Error>> {
        let (tab, text) = (self.clone(), text.to_owned());
        async move {
            tab.use_key().await;
            Ok(hash(text.as_str()))
        }
        .boxed_local()
    }
}

/// A key that a page has read.
struct TabKey {
    tab: Tab,
    key: PublicKey,
}

impl SigningKey for TabKey {
    fn coordinates(&self) -> [&str; 2] {
        self.key.coordinates.each_ref().map(|text| &**text)
    }

    fn thumbprint(&self) -> &str {
        &self.key.thumbprint
    }

    fn sign(&self, text: &str) -> LocalBoxFuture<'static, Result<String, Error>> {
        let (tab, key, text) = (self.tab.clone(), self.key.clone(), text.to_owned());
        async move { Ok(tab.use_key().await.keys.sign(&key, &text)) }.boxed_local()
    }
}

/// Cancels a timer when the task that waits for it is dropped.
struct PendingTimer {
    tab: Tab,
    timer: crate::executor::TimerId,
}

impl Drop for PendingTimer {
    fn drop(&mut self) {
        self.tab.0.pending_timers.set(self.tab.0.pending_timers.get().saturating_sub(1));
        if let Some(core) = self.tab.core() {
            core.executor.cancel(self.timer);
        }
    }
}

/// Ends a subscription when it is dropped.
struct Subscribed {
    tab: Weak<Inner>,
    id: u64,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        if let Some(tab) = self.tab.upgrade() {
            let id = self.id;
            let mut removed = Vec::new();
            tab.listeners.borrow_mut().retain_mut(|listener| {
                let stays = listener.id != id;
                if !stays {
                    removed.push(listener.notify.clone());
                }
                stays
            });
        }
    }
}
