//! Virtual time and a deterministic, single-threaded executor.
//!
//! A seeded random number generator chooses which of the ready tasks runs next. Time advances only when no task is ready.

use futures::future::LocalBoxFuture;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

/// A simulation that takes more steps than this is in an endless loop.
const MAX_STEPS: u64 = 5_000_000;

/// Time and order of a timer: microseconds since the start, then the order of creation.
pub(crate) type TimerId = (u64, u64);

type ReadyQueue = Arc<Mutex<Vec<usize>>>;

pub(crate) struct Executor {
    /// Microseconds since the simulation began.
    now: Cell<u64>,
    rng: RefCell<fastrand::Rng>,
    tasks: RefCell<Vec<Task>>,
    /// Slots in `tasks` that can be used again.
    free: RefCell<Vec<usize>>,
    ready: ReadyQueue,
    timers: RefCell<BTreeMap<TimerId, Box<dyn FnOnce()>>>,
    sequence: Cell<u64>,
    steps: Cell<u64>,
}

struct Task {
    tab: usize,
    /// `None` while the task is polled, and after its end.
    future: Option<LocalBoxFuture<'static, ()>>,
    waker: Arc<TaskWaker>,
}

struct TaskWaker {
    task: usize,
    queued: AtomicBool,
    ready: ReadyQueue,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Relaxed) {
            self.ready.lock().unwrap_or_else(PoisonError::into_inner).push(self.task);
        }
    }
}

impl Executor {
    pub(crate) fn new(seed: u64) -> Executor {
        Executor {
            now: Cell::new(0),
            rng: RefCell::new(fastrand::Rng::with_seed(seed)),
            tasks: RefCell::default(),
            free: RefCell::default(),
            ready: ReadyQueue::default(),
            timers: RefCell::default(),
            sequence: Cell::new(0),
            steps: Cell::new(0),
        }
    }

    /// Milliseconds since the simulation began.
    pub(crate) fn elapsed(&self) -> f64 {
        self.now.get() as f64 / 1_000.0
    }

    pub(crate) fn micros(&self) -> u64 {
        self.now.get()
    }

    pub(crate) fn set_micros(&self, now: u64) {
        self.now.set(now);
    }

    /// A random number below `end`.
    pub(crate) fn random(&self, end: u64) -> u64 {
        self.rng.borrow_mut().u64(..end.max(1))
    }

    /// A random number, at least 0 and less than 1.
    pub(crate) fn fraction(&self) -> f64 {
        self.rng.borrow_mut().f64()
    }

    /// The next number of a sequence: it orders timers and writes to the storage.
    pub(crate) fn next_number(&self) -> u64 {
        let number = self.sequence.get();
        self.sequence.set(number + 1);
        number
    }

    /// Runs `action` after this many milliseconds, rounded up so that a timer does not fire early.
    pub(crate) fn after(&self, time: f64, action: impl FnOnce() + 'static) -> TimerId {
        let id = (self.now.get() + (time.max(0.0) * 1_000.0).ceil() as u64, self.next_number());
        self.timers.borrow_mut().insert(id, Box::new(action));
        id
    }

    pub(crate) fn cancel(&self, timer: TimerId) {
        let action = self.timers.borrow_mut().remove(&timer);
        drop(action);
    }

    /// When the next timer fires, in microseconds since the start.
    pub(crate) fn next_timer(&self) -> Option<u64> {
        self.timers.borrow().keys().next().map(|(at, _)| *at)
    }

    /// Advances time to the next timer and runs it. Returns whether the limit of steps is not yet reached.
    pub(crate) fn fire(&self) -> bool {
        let timer = self.timers.borrow_mut().pop_first();
        if let Some(((at, _), action)) = timer {
            self.now.set(self.now.get().max(at));
            action();
        }
        self.count_step()
    }

    fn count_step(&self) -> bool {
        self.steps.set(self.steps.get() + 1);
        self.steps.get() < MAX_STEPS
    }

    pub(crate) fn spawn(&self, tab: usize, future: LocalBoxFuture<'static, ()>) {
        let mut tasks = self.tasks.borrow_mut();
        let slot = self.free.borrow_mut().pop().unwrap_or(tasks.len());
        let waker = Arc::new(TaskWaker { task: slot, queued: AtomicBool::new(false), ready: self.ready.clone() });
        let task = Task { tab, future: Some(future), waker: waker.clone() };
        if slot < tasks.len() {
            tasks[slot] = task;
        } else {
            tasks.push(task);
        }
        waker.wake();
    }

    /// Polls one ready task, chosen at random. Tasks of a frozen tab stay ready.
    ///
    /// Returns `None` if there was none, else whether the limit of steps is not yet reached.
    pub(crate) fn step(&self, is_frozen: impl Fn(usize) -> bool) -> Option<bool> {
        let slot = self.take_ready(is_frozen)?;
        let (mut future, waker) = {
            let mut tasks = self.tasks.borrow_mut();
            let task = &mut tasks[slot];
            task.waker.queued.store(false, Relaxed);
            (task.future.take(), task.waker.clone())
        };
        if let Some(running) = &mut future {
            let pending = running.as_mut().poll(&mut Context::from_waker(&Waker::from(waker.clone()))) == Poll::Pending;
            let mut tasks = self.tasks.borrow_mut();
            // Nothing is put back if the tab was closed, or the simulation ended, while the task ran.
            match tasks.get_mut(slot) {
                Some(task) if pending && task.tab != CLOSED => task.future = future.take(),
                Some(task) => {
                    task.tab = CLOSED;
                    self.free.borrow_mut().push(slot);
                }
                None => {}
            }
        }
        drop(future);
        Some(self.count_step())
    }

    fn take_ready(&self, is_frozen: impl Fn(usize) -> bool) -> Option<usize> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.is_empty() {
            return None;
        }
        let tasks = self.tasks.borrow();
        ready.retain(|slot| tasks[*slot].future.is_some());
        let can_run = |slot: &usize| !is_frozen(tasks[*slot].tab);
        let count = ready.iter().filter(|slot| can_run(slot)).count();
        if count == 0 {
            return None;
        }
        let chosen = if count == 1 { 0 } else { self.random(count as u64) as usize };
        let position = ready.iter().enumerate().filter(|(_, slot)| can_run(slot)).nth(chosen)?.0;
        Some(ready.remove(position))
    }

    /// Drops all tasks of a tab.
    pub(crate) fn drop_tasks(&self, tab: usize) {
        let mut ended = Vec::new();
        for (slot, task) in self.tasks.borrow_mut().iter_mut().enumerate().filter(|(_, task)| task.tab == tab) {
            task.tab = CLOSED;
            if let Some(future) = task.future.take() {
                self.free.borrow_mut().push(slot);
                ended.push(future);
            }
        }
        drop(ended);
    }

    /// Drops all tasks and timers.
    pub(crate) fn clear(&self) {
        let tasks = self.tasks.take();
        let timers = self.timers.take();
        self.free.take();
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).clear();
        drop((tasks, timers));
    }

    /// How many tasks of a tab have not ended.
    pub(crate) fn running_tasks(&self, tab: usize) -> usize {
        self.tasks.borrow().iter().filter(|task| task.tab == tab && task.future.is_some()).count()
    }
}

/// The tab of a slot that is free, or of a task whose tab was closed while it ran.
const CLOSED: usize = usize::MAX;

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
