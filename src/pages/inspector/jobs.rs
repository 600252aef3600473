//! The inspector's jobs, of which one runs at a time: they share a session and the browser's connections.

use leptos::{prelude::*, task::spawn_local};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    Demonstration,
    Burst,
    Failure,
}

/// `Copy`.
#[derive(Clone, Copy)]
pub(super) struct Jobs {
    running: RwSignal<Option<Job>>,
}

impl Jobs {
    pub(super) fn new() -> Jobs {
        Jobs { running: RwSignal::new(None) }
    }

    /// Runs a job, unless one is running.
    pub(super) fn start(self, job: Job, work: impl Future<Output = ()> + 'static) {
        if self.running.get_untracked().is_some() {
            return;
        }
        self.running.set(Some(job));
        spawn_local(async move {
            work.await;
            // The page may have been closed.
            self.running.try_set(None);
        });
    }

    pub(super) fn is_running(self, job: Job) -> bool {
        self.running.get() == Some(job)
    }

    /// Like [`is_running`](Self::is_running), untracked, for event listeners.
    pub(super) fn is_running_untracked(self, job: Job) -> bool {
        self.running.try_get_untracked() == Some(Some(job))
    }

    /// For `aria-disabled`: a `disabled` button would lose the focus.
    pub(super) fn disabled(self) -> Option<&'static str> {
        self.running.get().map(|_| "true")
    }
}
