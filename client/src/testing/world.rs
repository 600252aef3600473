//! The world of a simulation: virtual time, and a deterministic executor whose schedule comes from a seed.

use super::{
    locks::Locks,
    server::Server,
    store::{Shelf, Write},
    tab::Tab,
};
use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture},
};
use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BinaryHeap,
    future::Future,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

/// Some day in 2026, in milliseconds since 1970.
const BEGINNING: f64 = 1_790_000_000_000.0;

/// Everything outside of the engine. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct World(pub(super) Rc<Inner>);

pub(super) struct Inner {
    /// True time, in microseconds since the beginning.
    now: Cell<u64>,
    rng: RefCell<fastrand::Rng>,
    tasks: RefCell<Vec<Task>>,
    ready: Arc<Mutex<Vec<usize>>>,
    timers: RefCell<BinaryHeap<Reverse<Timer>>>,
    turns: Cell<u64>,
    /// What all tabs share, sooner or later.
    pub(super) store: RefCell<Shelf>,
    /// How long a write may need to another tab, in milliseconds.
    store_lag: Cell<f64>,
    pub(super) locks: Locks,
    pub(super) server: Server,
    pub(super) tabs: RefCell<Vec<Tab>>,
    /// Timers fired: a simulation that fires a million of them is stuck.
    steps: Cell<u64>,
    log: RefCell<Option<Vec<String>>>,
}

struct Task {
    tab: usize,
    future: Option<LocalBoxFuture<'static, ()>>,
}

struct Timer {
    /// Microseconds from the beginning: ordered, as floats are not.
    at: u64,
    turn: u64,
    action: Box<dyn FnOnce()>,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Timer) -> bool {
        (self.at, self.turn) == (other.at, other.turn)
    }
}
impl Eq for Timer {}
impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Timer) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Timer {
    fn cmp(&self, other: &Timer) -> std::cmp::Ordering {
        (self.at, self.turn).cmp(&(other.at, other.turn))
    }
}

struct Ring {
    task: usize,
    ready: Arc<Mutex<Vec<usize>>>,
}

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if !ready.contains(&self.task) {
            ready.push(self.task);
        }
    }
}

/// A future that runs in a tab; see [`World::until`].
#[derive(Debug)]
pub struct Running<T>(oneshot::Receiver<T>);

impl<T> Running<T> {
    /// The result, if there is one by now. None also if the tab is gone.
    pub fn done(&mut self) -> Option<T> {
        self.0.try_recv().ok().flatten()
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl World {
    /// A world with one server and no tabs. The seed decides everything that is left to chance.
    #[must_use]
    pub fn new(seed: u64) -> World {
        World(Rc::new_cyclic(|world| Inner {
            now: Cell::new(0),
            rng: RefCell::new(fastrand::Rng::with_seed(seed)),
            tasks: RefCell::default(),
            ready: Arc::default(),
            timers: RefCell::default(),
            turns: Cell::new(0),
            store: RefCell::default(),
            store_lag: Cell::new(5.0),
            locks: Locks::default(),
            server: Server::new(world.clone()),
            tabs: RefCell::default(),
            steps: Cell::new(0),
            log: RefCell::default(),
        }))
    }

    /// Opens a tab. All tabs are of one browser and one origin.
    #[must_use]
    pub fn tab(&self) -> Tab {
        let tab = Tab::open(self, self.0.tabs.borrow().len());
        self.0.tabs.borrow_mut().push(tab.clone());
        tab
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.0.server
    }

    /// True time, in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> f64 {
        BEGINNING + self.age()
    }

    /// Milliseconds since the world began: more exact than the great numbers of a calendar.
    pub(super) fn age(&self) -> f64 {
        self.0.now.get() as f64 / 1_000.0
    }

    /// The text that the tabs' store holds under a key.
    #[must_use]
    pub fn stored(&self, key: &str) -> Option<String> {
        self.0.store.borrow().get(key)
    }

    /// Writes to the tabs' store as somebody else might; None removes. No tab hears of it.
    pub fn tamper(&self, key: &str, text: Option<&str>) {
        let write = self.write(key, text.map(str::to_owned));
        for tab in &*self.0.tabs.borrow() {
            tab.receive(&write);
        }
    }

    /// How long a write may need until the other tabs can read it: each runs in a process of its own. Default: 5 ms.
    pub fn store_lag(&self, longest: Duration) {
        self.0.store_lag.set(longest.as_secs_f64() * 1_000.0);
    }

    /// A write takes its place in the order of all writes.
    pub(super) fn write(&self, key: &str, text: Option<String>) -> Write {
        let write = Write { key: key.to_owned(), text, turn: self.turn() };
        self.0.store.borrow_mut().put(&write);
        write
    }

    pub(super) fn longest_lag(&self) -> f64 {
        self.0.store_lag.get()
    }

    pub(super) fn lag(&self) -> f64 {
        self.fraction() * self.0.store_lag.get()
    }

    fn turn(&self) -> u64 {
        let turn = self.0.turns.get();
        self.0.turns.set(turn + 1);
        turn
    }

    /// A number below `end`, by the seed.
    #[must_use]
    pub fn random(&self, end: u64) -> u64 {
        self.0.rng.borrow_mut().u64(..end.max(1))
    }

    pub(super) fn fraction(&self) -> f64 {
        self.0.rng.borrow_mut().f64()
    }

    /// From here on, writes down what happens.
    pub fn trace(&self) {
        self.0.log.borrow_mut().get_or_insert_default();
    }

    /// Notes a line of the timeline, if somebody wants to read it.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(log) = &mut *self.0.log.borrow_mut() {
            log.push(format!("{:>10.3}  {}", self.age() / 1_000.0, line()));
        }
    }

    /// What happened since [`World::trace`], a line each: seconds, who, what.
    #[must_use]
    pub fn timeline(&self) -> String {
        self.0.log.borrow().as_ref().map(|log| log.join("\n")).unwrap_or_default()
    }

    /// Runs what is ready, until nothing is left to do at this moment.
    pub fn settle(&self) {
        while self.step() {}
    }

    /// Lets time pass, and everything happen that belongs into it.
    pub fn pass(&self, time: Duration) {
        let end = self.0.now.get() + u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 2);
        self.settle();
        while self.next_timer().is_some_and(|at| at <= end) {
            self.fire();
            self.settle();
        }
        self.0.now.set(end);
    }

    /// Runs until a future is done, however long that takes.
    ///
    /// # Panics
    /// If nothing can happen any more, or the tab is gone: the future would hang for ever.
    pub fn until<T>(&self, mut running: Running<T>) -> T {
        loop {
            self.settle();
            if let Some(done) = running.done() {
                return done;
            }
            assert!(self.next_timer().is_some(), "it hangs for ever:\n{}", self.timeline());
            self.fire();
        }
    }

    /// Takes the world down: what runs in it holds it, so it would not go by itself.
    pub fn end(self) {
        for tab in self.0.tabs.take() {
            tab.close_for_good();
        }
        self.0.tasks.take();
        self.0.timers.take();
    }

    /// Calls back after a while of true time.
    pub(super) fn after(&self, time: f64, action: impl FnOnce() + 'static) {
        let turn = self.turn();
        // Rounded up: who sleeps until a moment wakes no earlier.
        let at = self.0.now.get() + (time.max(0.0) * 1_000.0).ceil() as u64;
        self.0.timers.borrow_mut().push(Reverse(Timer { at, turn, action: Box::new(action) }));
    }

    pub(super) fn spawn(&self, tab: usize, future: LocalBoxFuture<'static, ()>) {
        let mut tasks = self.0.tasks.borrow_mut();
        tasks.push(Task { tab, future: Some(future) });
        self.wake(tasks.len() - 1);
    }

    pub(super) fn run<T: 'static>(&self, tab: usize, future: impl Future<Output = T> + 'static) -> Running<T> {
        let (tell, running) = oneshot::channel();
        self.spawn(tab, future.map(|done| drop(tell.send(done))).boxed_local());
        Running(running)
    }

    /// Drops all that runs in a tab.
    pub(super) fn kill(&self, tab: usize) {
        let ended: Vec<_> =
            self.0.tasks.borrow_mut().iter_mut().filter(|task| task.tab == tab).filter_map(|task| task.future.take()).collect();
        drop(ended);
    }

    fn wake(&self, task: usize) {
        self.0.ready.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    fn next_timer(&self) -> Option<u64> {
        self.0.timers.borrow().peek().map(|Reverse(timer)| timer.at)
    }

    /// # Panics
    /// If so much happens at one moment that time will never go on.
    fn fire(&self) {
        self.0.steps.set(self.0.steps.get() + 1);
        assert!(self.0.steps.get() < 1_000_000, "it goes round in circles:\n{}", self.timeline());
        let timer = self.0.timers.borrow_mut().pop();
        if let Some(Reverse(timer)) = timer {
            self.0.now.set(self.0.now.get().max(timer.at));
            (timer.action)();
        }
    }

    /// Polls one of the tasks that are ready, whichever the seed says. Those of a frozen tab stay where they are.
    fn step(&self) -> bool {
        self.0.steps.set(self.0.steps.get() + 1);
        assert!(self.0.steps.get() < 1_000_000, "it goes round in circles:\n{}", self.timeline());
        let task = {
            let mut ready = self.0.ready.lock().unwrap_or_else(PoisonError::into_inner);
            let tasks = self.0.tasks.borrow();
            let tabs = self.0.tabs.borrow();
            ready.retain(|task| tasks[*task].future.is_some());
            let awake: Vec<usize> = (0..ready.len()).filter(|place| !tabs[tasks[ready[*place]].tab].is_frozen()).collect();
            if awake.is_empty() {
                return false;
            }
            ready.remove(awake[self.random(awake.len() as u64) as usize])
        };
        let Some(mut future) = self.0.tasks.borrow_mut()[task].future.take() else { return true };
        let waker = Waker::from(Arc::new(Ring { task, ready: self.0.ready.clone() }));
        if future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
            let tab = self.0.tasks.borrow()[task].tab;
            let alive = !self.0.tabs.borrow()[tab].is_gone();
            if alive {
                self.0.tasks.borrow_mut()[task].future = Some(future);
            }
        }
        true
    }
}
