//! What tabs and servers share: virtual time, random numbers, keys, and the timeline.

use crate::{executor::Executor, keys::Keys};
use std::cell::RefCell;

/// The time at which a simulation begins: September 2026, in milliseconds since 1970.
const START: f64 = 1_790_000_000_000.0;

pub(crate) struct Environment {
    pub(crate) executor: Executor,
    pub(crate) keys: Keys,
    timeline: RefCell<Option<Vec<String>>>,
}

impl Environment {
    pub(crate) fn new(seed: u64) -> Environment {
        Environment { executor: Executor::new(seed), keys: Keys::default(), timeline: RefCell::default() }
    }

    /// True time in milliseconds since 1970.
    pub(crate) fn now(&self) -> f64 {
        START + self.executor.elapsed()
    }

    /// Starts to record the timeline.
    pub(crate) fn trace(&self) {
        self.timeline.borrow_mut().get_or_insert_default();
    }

    /// Adds a line to the timeline, if it is recorded.
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        if let Some(timeline) = &mut *self.timeline.borrow_mut() {
            timeline.push(format!("{:>10.3}  {}", self.executor.elapsed() / 1_000.0, line()));
        }
    }

    pub(crate) fn timeline(&self) -> String {
        self.timeline.borrow().as_ref().map(|lines| lines.join("\n")).unwrap_or_default()
    }
}
