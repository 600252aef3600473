//! Which sessions are alive, remembered for a few seconds, so that a guarded request costs no query.
//!
//! A session that ends on this node is forgotten before that is answered, so no later request is let in. One that ends on another
//! node is noticed when the memory has aged. Only the living are remembered: a dead one is asked for each time.

use crate::{rotation::AccessState, store::session::Which};
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Under the five seconds within which a revocation must hold everywhere.
const MEMORY: Duration = Duration::from_secs(4);
/// A session takes about a hundred bytes here.
const MOST: usize = 50_000;

/// What is remembered of a live session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// Whose it is.
    pub user_id: i64,
    /// Which generations' access tokens are accepted, as the row said. An answer to admit stays true when the row moves on: neither a
    /// used generation nor an older one is superseded later. Every other answer needs the row. A row that lost commits refuses more once
    /// its session goes on; the node that did that forgets the entry.
    pub access: AccessState,
}

/// The memory.
#[derive(Default)]
pub struct Liveness {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    seen: HashMap<Uuid, (Live, Instant)>,
    /// Counts what was forgotten, so that a row read before a revocation is not remembered after it.
    forgotten: u64,
}

/// Taken before the database is read; see [`Liveness::remember`].
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    forgotten: u64,
    taken: Instant,
}

impl Liveness {
    /// What is known of a session, if it was read lately.
    #[must_use]
    pub fn recall(&self, id: Uuid) -> Option<Live> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.seen.get(&id).filter(|(_, read)| read.elapsed() < MEMORY).map(|(live, _)| *live)
    }

    /// To be taken before reading what shall be remembered.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        let forgotten = self.inner.read().unwrap_or_else(PoisonError::into_inner).forgotten;
        Ticket { forgotten, taken: Instant::now() }
    }

    /// Remembers a live session as it was read, unless something was forgotten since the ticket was taken.
    pub fn remember(&self, ticket: Ticket, id: Uuid, live: Live) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if inner.forgotten != ticket.forgotten {
            return;
        }
        if inner.seen.len() >= MOST {
            inner.seen.retain(|_, (_, read)| read.elapsed() < MEMORY);
        }
        if inner.seen.len() < MOST {
            inner.seen.insert(id, (live, ticket.taken));
        }
    }

    /// Records the first use of a generation, if that is the one remembered. The entry's age stays as it is.
    pub fn mark_used(&self, id: Uuid, generation: i64) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((live, _)) = inner.seen.get_mut(&id) {
            live.access.is_used |= live.access.generation == generation;
        }
    }

    /// Forgets sessions that were ended, after the database knows and before anybody is told.
    pub fn forget(&self, which: Which) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.forgotten += 1;
        match which {
            Which::One(id) => drop(inner.seen.remove(&id)),
            Which::Others(user, keep) => inner.seen.retain(|id, (live, _)| live.user_id != user || *id == keep),
            Which::All(user) => inner.seen.retain(|_, (live, _)| live.user_id != user),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(user_id: i64) -> Live {
        Live { user_id, access: AccessState { generation: 0, is_used: true, superseded: 0, access_floor: 0 } }
    }

    #[test]
    fn case_07_a_row_read_before_a_revocation_is_not_remembered_after_it() {
        let liveness = Liveness::default();
        let id = Uuid::new_v4();
        let ticket = liveness.ticket();
        liveness.forget(Which::One(id));
        liveness.remember(ticket, id, live(1));
        assert_eq!(liveness.recall(id), None);
        liveness.remember(liveness.ticket(), id, live(1));
        assert_eq!(liveness.recall(id), Some(live(1)));
    }

    #[test]
    fn those_that_are_meant_are_forgotten_and_no_others() {
        let liveness = Liveness::default();
        let [mine, my_other, theirs] = [(); 3].map(|()| Uuid::new_v4());
        for (id, user) in [(mine, 1), (my_other, 1), (theirs, 2)] {
            liveness.remember(liveness.ticket(), id, live(user));
        }
        liveness.forget(Which::Others(1, mine));
        assert_eq!([mine, my_other, theirs].map(|id| liveness.recall(id).is_some()), [true, false, true]);
        liveness.forget(Which::All(1));
        assert_eq!([mine, my_other, theirs].map(|id| liveness.recall(id).is_some()), [false, false, true]);
    }
}
