//! Discards connections to a node that is read-only or unreachable.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The time of the last discard. Connections that were opened before it are not used again.
#[derive(Clone, Default)]
pub(super) struct Discards(Arc<Mutex<Option<Instant>>>);

impl Discards {
    /// Discards the connections that are open now.
    pub(super) fn discard(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection of that age may be used.
    pub(super) fn keeps(&self, age: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|at| at.elapsed() > age)
    }
}
