//! The state of a tab: what the browser, the network and other tabs see of it.

use crate::{
    environment::Environment,
    executor::{Executor, TimerId, millis},
    store::{StoreReplica, Write},
};
use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture},
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    rc::{Rc, Weak},
    time::Duration,
};
use wugan::platform::{Guard, PlatformEvent, StoreError};

/// The longest delay that `setTimeout` takes, in milliseconds (HTML, timer initialization steps). A longer one is cut, as the
/// platform of the browser does.
const MAX_TIMEOUT: f64 = i32::MAX as f64;

/// How long one use of a key takes at most, in milliseconds.
pub(crate) const MAX_KEY_USE: f64 = 2.0;

pub(crate) struct TabState {
    number: usize,
    pub(crate) opened: f64,
    /// By how many milliseconds the device's clock is wrong.
    pub(crate) clock_offset: Cell<f64>,
    /// For how many milliseconds the monotonic clock stood still.
    pub(crate) slept: Cell<f64>,
    is_frozen: Cell<bool>,
    /// When it thawed last, in milliseconds since the start.
    thawed_at: Cell<f64>,
    is_closed: Cell<bool>,
    pub(crate) is_hidden: Cell<bool>,
    pub(crate) has_locks: Cell<bool>,
    pub(crate) sends_streams: Cell<bool>,
    pub(crate) store_error: Cell<Option<StoreError>>,
    pub(crate) fails_to_read_keys: Cell<bool>,
    pub(crate) stalls_keys: Cell<bool>,
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

impl fmt::Debug for TabState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tab").field(&self.number).finish()
    }
}

impl TabState {
    pub(crate) fn new(number: usize, opened: f64, store: StoreReplica) -> TabState {
        TabState {
            number,
            opened,
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
            stalls_keys: Cell::new(false),
            store: RefCell::new(store),
            last_write: Cell::new(f64::NEG_INFINITY),
            last_arrival: Cell::new(0.0),
            listeners: RefCell::default(),
            missed: RefCell::default(),
            pending_timers: Cell::new(0),
            nonces: RefCell::default(),
        }
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.is_frozen.get()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    pub(crate) fn freeze(&self) {
        self.is_frozen.set(true);
        // A proof that is being made now is sent when the tab thaws.
        self.nonces.take();
    }

    /// Resumes the tab and delivers the storage events that it missed. `now`: milliseconds since the start.
    pub(crate) fn thaw(&self, now: f64) {
        if self.is_frozen.replace(false) && !self.is_closed.get() {
            self.thawed_at.set(now);
            for key in self.missed.take() {
                self.notify_stored(&key);
            }
            self.notify(PlatformEvent::Awake);
        }
    }

    pub(crate) fn close(&self) {
        self.is_closed.set(true);
        self.listeners.take();
    }

    /// How long ago the tab thawed, in milliseconds.
    pub(crate) fn awake_for(&self, now: f64) -> f64 {
        now - self.thawed_at.get()
    }

    /// How many timers have not fired yet and still have a task that waits for them.
    pub(crate) fn pending_timers(&self) -> usize {
        self.pending_timers.get()
    }

    /// The page has read a nonce of this server.
    pub(crate) fn note_nonce(&self, origin: &str, now: f64) {
        self.nonces.borrow_mut().entry(origin.to_owned()).or_insert(now);
    }

    /// Whether the page had read a nonce of this server before it began to make a proof that is sent now.
    pub(crate) fn has_read_nonce(&self, origin: &str, now: f64) -> bool {
        self.nonces.borrow().get(origin).is_some_and(|read| *read < now - MAX_KEY_USE)
    }

    pub(crate) fn stored(&self, key: &str) -> Option<Rc<str>> {
        self.store.borrow().get(key)
    }

    pub(crate) fn apply(&self, write: &Write) -> bool {
        self.store.borrow_mut().apply(write)
    }

    /// Applies a write of this tab.
    pub(crate) fn write(&self, write: &Write, now: f64) {
        self.apply(write);
        self.last_write.set(now);
    }

    /// When the tab wrote last, in milliseconds since the start.
    pub(crate) fn last_write(&self) -> f64 {
        self.last_write.get()
    }

    /// Delivers a write of another tab after the lag of the storage.
    pub(crate) fn deliver_later(self: &Rc<Self>, executor: &Executor, longest_lag: f64, write: Write) {
        let elapsed = executor.elapsed();
        let arrival = (elapsed + executor.fraction() * longest_lag).max(self.last_arrival.get());
        self.last_arrival.set(arrival);
        let tab = self.clone();
        executor.after(arrival - elapsed, move || tab.receive(&write));
    }

    /// The replica of a frozen tab is updated too; only the event waits until it thaws.
    fn receive(&self, write: &Write) {
        if !self.apply(write) {
            return;
        }
        if self.is_frozen() {
            self.missed.borrow_mut().push(write.key.clone());
        } else {
            self.notify_stored(&write.key);
        }
    }

    /// Delivers an event to all clients of the tab.
    pub(crate) fn notify(&self, event: PlatformEvent) {
        let listeners: Vec<_> = self.listeners.borrow().iter().map(|listener| listener.notify.clone()).collect();
        for notify in listeners {
            notify(event);
        }
    }

    pub(crate) fn notify_stored(&self, key: &str) {
        let listeners = self.listeners.borrow();
        let listeners: Vec<_> = listeners.iter().filter(|listener| listener.key == key).map(|listener| listener.notify.clone()).collect();
        for notify in listeners {
            notify(PlatformEvent::Stored);
        }
    }

    pub(crate) fn subscribe(self: &Rc<Self>, id: u64, key: &str, notify: Rc<dyn Fn(PlatformEvent)>) -> Guard {
        self.listeners.borrow_mut().push(Listener { id, key: key.to_owned(), notify });
        Box::new(Subscribed { tab: Rc::downgrade(self), id })
    }

    pub(crate) fn sleep(self: &Rc<Self>, env: &Rc<Environment>, time: Duration) -> LocalBoxFuture<'static, ()> {
        let time = millis(time).min(MAX_TIMEOUT);
        let (sender, fired) = oneshot::channel::<()>();
        let timer = env.executor.after(time, move || {
            let _ = sender.send(());
        });
        self.pending_timers.set(self.pending_timers.get() + 1);
        let pending = PendingTimer { tab: self.clone(), env: Rc::downgrade(env), timer };
        async move {
            let _ = fired.await;
            drop(pending);
        }
        .boxed_local()
    }
}

/// Cancels a timer when the task that waits for it is dropped.
struct PendingTimer {
    tab: Rc<TabState>,
    env: Weak<Environment>,
    timer: TimerId,
}

impl Drop for PendingTimer {
    fn drop(&mut self) {
        self.tab.pending_timers.set(self.tab.pending_timers.get().saturating_sub(1));
        if let Some(env) = self.env.upgrade() {
            env.executor.cancel(self.timer);
        }
    }
}

/// Ends a subscription when it is dropped.
struct Subscribed {
    tab: Weak<TabState>,
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
