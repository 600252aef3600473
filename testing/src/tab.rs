//! A tab of the simulated browser. It implements the engine's platform and can be frozen, hidden, closed and put to sleep.

use crate::{
    browser::Browser,
    environment::Environment,
    keys::{PublicKey, hash},
    network,
    tab_state::{MAX_KEY_USE, TabState},
    urls,
};
use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture, pending},
};
use std::{
    fmt,
    future::Future,
    rc::{Rc, Weak},
    time::Duration,
};
use wugan::{
    Client, ClientBuilder, Error,
    platform::{
        Address, Guard, LoadedKey, Platform, PlatformEvent, PlatformRequest, PlatformResponse, SigningKey, Storage, StoreError, StoredKey,
    },
};

/// How long `navigator.locks.query()` takes at most, in milliseconds.
const LOCK_QUERY: f64 = 2.0;

/// A tab. Clones are handles to the same tab.
#[derive(Clone)]
pub struct Tab {
    browser: Weak<Browser>,
    state: Rc<TabState>,
}

impl fmt::Debug for Tab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

impl Tab {
    pub(crate) fn open(browser: &Rc<Browser>) -> Tab {
        let number = browser.tabs.borrow().len();
        let state = Rc::new(TabState::new(number, browser.env.executor.elapsed(), browser.store.borrow().clone()));
        browser.tabs.borrow_mut().push(state.clone());
        Tab { browser: Rc::downgrade(browser), state }
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
        self.state.freeze();
        self.mark_interrupted();
    }

    /// Resumes a frozen tab and delivers the storage events that it missed.
    pub fn thaw(&self) {
        self.state.thaw(self.browser().map_or(0.0, |browser| browser.env.executor.elapsed()));
    }

    /// Closes the tab as a crash does: no destructor of its tasks can do anything outside of it.
    pub fn close(&self) {
        let Some(browser) = self.browser() else { return };
        self.mark_interrupted();
        if self.has_unpublished_writes() {
            browser.servers.borrow().iter().for_each(|server| server.allow_duplicate());
        }
        self.state.close();
        browser.env.executor.drop_tasks(self.number());
        browser.locks.release_all(self.number());
    }

    /// Whether a write of this tab may not have reached the other tabs yet. If the tab is closed now, its lock is free before they
    /// can read what it wrote.
    #[must_use]
    pub fn has_unpublished_writes(&self) -> bool {
        self.browser().is_some_and(|browser| browser.env.executor.elapsed() - self.state.last_write() <= browser.longest_store_lag())
    }

    /// Hides the tab behind another one, or shows it again.
    pub fn hide(&self, hidden: bool) {
        self.state.is_hidden.set(hidden);
        if !hidden && !self.state.is_frozen() {
            self.notify(PlatformEvent::Awake);
        }
    }

    /// Sets by how many milliseconds the device's clock is wrong.
    pub fn set_clock_offset(&self, milliseconds: f64) {
        self.state.clock_offset.set(milliseconds);
    }

    /// Tells the tab that the device slept for the last `milliseconds`: the monotonic clock did not count them.
    pub fn add_sleep(&self, milliseconds: f64) {
        self.state.slept.set(self.state.slept.get() + milliseconds);
    }

    /// Sets whether the browser has Web Locks. Default: yes.
    pub fn set_web_locks(&self, has_locks: bool) {
        self.state.has_locks.set(has_locks);
    }

    /// Sets whether the browser can send a stream as a body. Default: yes.
    pub fn set_request_streams(&self, sends_streams: bool) {
        self.state.sends_streams.set(sends_streams);
    }

    /// Makes `localStorage` fail: all uses with `Denied`, writes with `Full`. `None`: it works again.
    pub fn set_store_error(&self, error: Option<StoreError>) {
        self.state.store_error.set(error);
    }

    /// Makes every use of the store of keys fail, or work again. Keys that were read can still be used.
    pub fn set_key_store_error(&self, fails: bool) {
        self.state.fails_to_read_keys.set(fails);
    }

    /// Lets every use of a key wait for ever, as IndexedDB does while another page keeps the database from being opened.
    pub fn stall_keys(&self) {
        self.state.stalls_keys.set(true);
    }

    /// The value of a key of `localStorage` as this tab reads it.
    #[must_use]
    pub fn stored(&self, key: &str) -> Option<String> {
        self.state.stored(key).map(|text| text.to_string())
    }

    /// Delivers an event of the browser to all clients of this tab, such as the network being back.
    pub fn notify(&self, event: PlatformEvent) {
        self.state.notify(event);
    }

    /// Whether a request for new tokens of this tab is in flight.
    #[must_use]
    pub fn is_refreshing(&self) -> bool {
        self.browser().is_some_and(|browser| browser.servers.borrow().iter().any(|server| server.is_refreshing(self.number())))
    }

    /// How many timers of this tab have not fired yet and still have a task that waits for them.
    #[must_use]
    pub fn pending_timers(&self) -> usize {
        self.state.pending_timers()
    }

    /// How many tasks of this tab have not ended.
    #[must_use]
    pub fn running_tasks(&self) -> usize {
        self.browser().map_or(0, |browser| browser.env.executor.running_tasks(self.number()))
    }

    /// Starts a future in this tab. It is dropped when the tab is closed.
    pub fn run<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Running<T> {
        let (sender, running) = oneshot::channel();
        if let Some(browser) = self.browser() {
            browser.env.executor.spawn(self.number(), future.map(|done| drop(sender.send(done))).boxed_local());
        }
        Running(running)
    }

    fn number(&self) -> usize {
        self.state.number()
    }

    /// Completes when one use of a key has ended. Never completes once the simulation has ended, or if keys are stalled.
    async fn use_key(&self) -> Rc<Environment> {
        if let Some(browser) = self.browser() {
            self.sleep(Duration::from_secs_f64(browser.env.executor.fraction() * MAX_KEY_USE / 1_000.0)).await;
        }
        match self.browser() {
            Some(browser) if !self.state.stalls_keys.get() => browser.env.clone(),
            _ => pending().await,
        }
    }

    fn signing_key(&self, key: PublicKey) -> Rc<dyn SigningKey> {
        Rc::new(TabKey { tab: self.clone(), key })
    }

    fn check_key_store(&self) -> Result<(), Error> {
        if self.state.fails_to_read_keys.get() { Err(Error::Unavailable { retry_after: Duration::from_secs(1) }) } else { Ok(()) }
    }

    /// `None` once the simulation has ended.
    fn browser(&self) -> Option<Rc<Browser>> {
        self.browser.upgrade()
    }

    /// Marks refreshes of this tab that are in flight: the tab may not learn their result.
    fn mark_interrupted(&self) {
        if let Some(browser) = self.browser() {
            browser.servers.borrow().iter().for_each(|server| server.mark_interrupted(self.number()));
        }
    }
}

impl Storage for Tab {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        match self.state.store_error.get() {
            Some(StoreError::Denied) => Err(StoreError::Denied),
            _ => Ok(self.stored(key)),
        }
    }

    fn set(&self, key: &str, text: &str) -> Result<(), StoreError> {
        if let Some(error) = self.state.store_error.get() {
            return Err(error);
        }
        let Some(browser) = self.browser().filter(|_| !self.state.is_closed()) else { return Ok(()) };
        let executor = &browser.env.executor;
        let write = browser.write(key, Some(text));
        self.state.write(&write, executor.elapsed());
        for tab in browser.tabs.borrow().iter().filter(|tab| !tab.is_closed() && tab.number() != self.number()) {
            tab.deliver_later(executor, browser.longest_store_lag(), write.clone());
        }
        // Other clients in this page are notified at once.
        self.state.notify_stored(key);
        Ok(())
    }
}

impl Platform for Tab {
    fn resolve(&self, base: &str, url: &str) -> Option<Address> {
        urls::resolve(base, url)
    }

    fn fetch(&self, request: PlatformRequest<'_>) -> LocalBoxFuture<'static, Result<Box<dyn PlatformResponse>, Error>> {
        match self.browser() {
            Some(browser) => network::fetch(&browser, &self.state, &request),
            None => pending().boxed_local(),
        }
    }

    fn lock(&self, name: &str) -> Option<LocalBoxFuture<'static, Guard>> {
        let browser = self.browser().filter(|_| self.state.has_locks.get())?;
        Some(browser.locks.request(self.number(), name))
    }

    fn lock_holder(&self, name: &str) -> LocalBoxFuture<'static, Option<String>> {
        let Some(browser) = self.browser().filter(|_| self.state.has_locks.get()) else { return async { None }.boxed_local() };
        let (tab, name) = (self.clone(), name.to_owned());
        let delay = Duration::from_secs_f64(browser.env.executor.fraction() * LOCK_QUERY / 2_000.0);
        async move {
            tab.sleep(delay).await;
            let holder = tab.browser()?.locks.holder(&name)?;
            tab.sleep(delay).await;
            Some(format!("tab-{holder}"))
        }
        .boxed_local()
    }

    fn now(&self) -> f64 {
        self.browser().map_or(0.0, |browser| browser.env.now() + self.state.clock_offset.get())
    }

    fn monotonic(&self) -> f64 {
        self.browser().map_or(0.0, |browser| browser.env.executor.elapsed() - self.state.opened - self.state.slept.get())
    }

    fn sleep(&self, time: Duration) -> LocalBoxFuture<'static, ()> {
        match self.browser() {
            Some(browser) => self.state.sleep(&browser.env, time),
            None => pending().boxed_local(),
        }
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        if let Some(browser) = self.browser().filter(|_| !self.state.is_closed()) {
            browser.env.executor.spawn(self.number(), task);
        }
    }

    fn random(&self) -> f64 {
        self.browser().map_or(0.0, |browser| browser.env.executor.fraction())
    }

    fn subscribe(&self, key: &str, notify: Rc<dyn Fn(PlatformEvent)>) -> Guard {
        let id = self.browser().map_or(0, |browser| browser.env.executor.next_number());
        self.state.subscribe(id, key, notify)
    }

    fn visible(&self) -> bool {
        !self.state.is_hidden.get()
    }

    fn sends_streams(&self, _: fn() -> bool) -> bool {
        self.state.sends_streams.get()
    }

    fn key(&self, name: &str) -> LoadedKey {
        let (tab, name) = (self.clone(), name.to_owned());
        async move {
            let stored = tab.use_key().await.keys.stored(&name);
            tab.check_key_store()?;
            Ok(stored.map(|key| tab.signing_key(key)))
        }
        .boxed_local()
    }

    fn make_key(&self, name: &str) -> StoredKey {
        let (tab, name) = (self.clone(), name.to_owned());
        async move {
            let env = tab.use_key().await;
            tab.check_key_store()?;
            Ok(tab.signing_key(env.keys.make(&name, env.executor.random(u64::MAX))))
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

    fn store(&self, name: &str) -> StoredKey {
        let (tab, key, name) = (self.tab.clone(), self.key.clone(), name.to_owned());
        async move {
            let env = tab.use_key().await;
            tab.check_key_store()?;
            Ok(tab.signing_key(env.keys.store(&name, &key)))
        }
        .boxed_local()
    }
}

/// A future that runs in a tab; see [`Simulation::block_on`](crate::Simulation::block_on).
#[derive(Debug)]
pub struct Running<T>(oneshot::Receiver<T>);

impl<T> Running<T> {
    /// Takes the result. `None`: the future has not completed, its result was taken, or its tab was closed.
    pub fn try_take(&mut self) -> Option<T> {
        self.0.try_recv().ok().flatten()
    }
}
