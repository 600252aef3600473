//! Limits the requests in flight until the server has accepted the access token recently.
//!
//! A browser sends six requests at a time to an HTTP/1.1 origin. A longer burst with a token that the server no longer accepts would
//! wait in the browser's queue with that token, be refused one after the other, and queue again for the replays. Held back here, the
//! rest of the burst is sent once, with the renewed token.

use crate::platform::{Host, within};
use futures::channel::oneshot;
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

/// Connections that a browser opens to an HTTP/1.1 origin.
const MAX_IN_FLIGHT: usize = 6;

/// How long the gate stays open after a token was accepted.
const ACCEPTED_FOR_MS: f64 = 2_000.0;

/// No request waits longer than this: long polls may hold all permits for minutes.
const MAX_WAIT: Duration = Duration::from_secs(2);

pub(crate) struct Gate {
    platform: Host,
    in_flight: Cell<usize>,
    accepted_at: Cell<f64>,
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

/// The right to be one of the requests in flight, until it is dropped.
pub(crate) struct Permit<'a> {
    gate: &'a Gate,
    pub(crate) has_waited: bool,
}

impl Gate {
    pub(crate) fn new(platform: Host) -> Gate {
        Gate { platform, in_flight: Cell::new(0), accepted_at: Cell::new(f64::NEG_INFINITY), waiting: RefCell::default() }
    }

    fn is_open(&self) -> bool {
        self.in_flight.get() < MAX_IN_FLIGHT || self.platform.monotonic() - self.accepted_at.get() < ACCEPTED_FOR_MS
    }

    pub(crate) async fn enter(&self) -> Permit<'_> {
        let has_waited = !self.is_open();
        if has_waited {
            let (sender, woken) = oneshot::channel();
            self.waiting.borrow_mut().push(sender);
            let _ = within(&self.platform, MAX_WAIT, Box::pin(woken)).await;
        }
        self.in_flight.set(self.in_flight.get() + 1);
        Permit { gate: self, has_waited }
    }

    /// The server accepted a token: all waiting requests may be sent.
    pub(crate) fn note_accepted(&self) {
        self.accepted_at.set(self.platform.monotonic());
        for waiting in self.waiting.take() {
            let _ = waiting.send(());
        }
    }

    /// The server refused a token.
    pub(crate) fn note_refused(&self) {
        self.accepted_at.set(f64::NEG_INFINITY);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.gate.in_flight.set(self.gate.in_flight.get().saturating_sub(1));
        // Dropped waiters are skipped.
        while self.gate.in_flight.get() < MAX_IN_FLIGHT && !self.gate.waiting.borrow().is_empty() {
            let next = self.gate.waiting.borrow_mut().remove(0);
            if next.send(()).is_ok() {
                break;
            }
        }
    }
}
