//! Cache of live sessions, so that a guarded request costs no query.
//!
//! A session that ends on this node is invalidated before the request that ended it is answered. One that ends on another node is
//! noticed when its entry has expired.

use crate::{clock::Millis, rotation::AccessState, store::session::SessionSelector};
use std::{
    collections::HashMap,
    mem,
    sync::{
        PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Less than the five seconds within which a revocation takes effect on all nodes.
const TTL: Duration = Duration::from_secs(4);
/// A power of two.
const SHARDS: usize = 16;
/// An entry takes about a hundred bytes; there are at most twice as many.
const MAX_ENTRIES_PER_SHARD: usize = 4096;

/// A live session from its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CachedSession {
    /// The account.
    pub(crate) user_id: i64,
    /// The generations whose access tokens are accepted. A decision to admit stays true when the row advances: neither a used generation
    /// nor an older one is superseded later. Every other decision needs the row. A row that lost commits refuses more once its session
    /// goes on; the node that advanced it invalidates the entry.
    pub(crate) access: AccessState,
}

/// Live sessions, and sessions known to be ended, by their ids.
pub(crate) struct SessionCache {
    shards: [RwLock<Shard>; SHARDS],
    /// Counts invalidations, so that a row read before an invalidation is not inserted after it.
    invalidations: AtomicU64,
}

/// Entries in two maps. When all entries of the older one have expired, it is dropped without a scan.
struct Shard {
    young: HashMap<Uuid, (CachedSession, Instant)>,
    old: HashMap<Uuid, (CachedSession, Instant)>,
    young_since: Instant,
    /// Sessions that were ended, with the time at which their last access token expires.
    ended: HashMap<Uuid, Millis>,
}

/// The state of the cache before a row is read; see [`SessionCache::insert`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    invalidations: u64,
    taken: Instant,
}

impl Default for SessionCache {
    fn default() -> Self {
        let shard = || Shard { young: HashMap::new(), old: HashMap::new(), young_since: Instant::now(), ended: HashMap::new() };
        Self { shards: std::array::from_fn(|_| RwLock::new(shard())), invalidations: AtomicU64::new(0) }
    }
}

impl SessionCache {
    fn shard(&self, id: Uuid) -> &RwLock<Shard> {
        // A random UUID's last byte is random.
        &self.shards[usize::from(id.as_bytes()[15]) % SHARDS]
    }

    fn write(&self, id: Uuid) -> RwLockWriteGuard<'_, Shard> {
        self.shard(id).write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session, if its entry has not expired.
    pub(crate) fn get(&self, id: Uuid) -> Option<CachedSession> {
        let shard = self.shard(id).read().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.young.get(&id).or_else(|| shard.old.get(&id));
        entry.filter(|(_, read)| read.elapsed() < TTL).map(|(session, _)| *session)
    }

    /// The epoch to pass to [`SessionCache::insert`]. Take it before the row is read.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch { invalidations: self.invalidations.load(Ordering::SeqCst), taken: Instant::now() }
    }

    /// Inserts a live session as it was read, unless something was invalidated since the epoch was taken.
    pub(crate) fn insert(&self, epoch: Epoch, id: Uuid, session: CachedSession) {
        let mut shard = self.write(id);
        // Compared under the lock: a concurrent invalidation has counted already, or removes the entry afterwards.
        if self.invalidations.load(Ordering::SeqCst) != epoch.invalidations {
            return;
        }
        if shard.young.len() >= MAX_ENTRIES_PER_SHARD || shard.young_since.elapsed() >= TTL {
            shard.old = mem::take(&mut shard.young);
            shard.young_since = Instant::now();
        }
        shard.old.remove(&id);
        shard.young.insert(id, (session, epoch.taken));
    }

    /// Records the first use of a generation, if it is the cached one. The entry's age stays as it is.
    pub(crate) fn mark_used(&self, id: Uuid, generation: i64) {
        let shard = &mut *self.write(id);
        for entries in [&mut shard.young, &mut shard.old] {
            if let Some((session, _)) = entries.get_mut(&id) {
                session.access.is_used |= session.access.generation == generation;
            }
        }
    }

    /// Records a session as ended, at least until its access tokens have expired: they cost no query (case 37), and if the database loses
    /// the revocation, the session is ended again (case 60).
    pub(crate) fn insert_ended(&self, id: Uuid, tokens_expire_at: Millis, now: Millis) {
        let mut shard = self.write(id);
        if shard.ended.len() >= MAX_ENTRIES_PER_SHARD {
            shard.ended.retain(|_, end| *end > now);
        }
        if shard.ended.len() < MAX_ENTRIES_PER_SHARD {
            let end = shard.ended.entry(id).or_insert(tokens_expire_at);
            *end = tokens_expire_at.max(*end);
        }
    }

    /// Whether a session is known to be ended.
    pub(crate) fn is_ended(&self, id: Uuid) -> bool {
        self.shard(id).read().unwrap_or_else(PoisonError::into_inner).ended.contains_key(&id)
    }

    /// Removes sessions that were ended or whose rows were changed: after the commit, and before the request is answered.
    pub(crate) fn invalidate(&self, selector: SessionSelector) {
        self.invalidations.fetch_add(1, Ordering::SeqCst);
        match selector {
            SessionSelector::One(id) => {
                let mut shard = self.write(id);
                shard.young.remove(&id);
                shard.old.remove(&id);
                shard.ended.remove(&id);
            }
            SessionSelector::Others(user, kept) => self.retain(|id, session| session.user_id != user || *id == kept),
            SessionSelector::All(user) => self.retain(|_, session| session.user_id != user),
        }
    }

    fn retain(&self, stays: impl Fn(&Uuid, &CachedSession) -> bool) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.young.retain(|id, (session, _)| stays(id, session));
            shard.old.retain(|id, (session, _)| stays(id, session));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(user_id: i64) -> CachedSession {
        CachedSession { user_id, access: AccessState { generation: 0, is_used: true, superseded: 0, access_floor: 0 } }
    }

    #[test]
    fn case_07_a_row_read_before_a_revocation_is_not_cached_after_it() {
        let cache = SessionCache::default();
        let id = Uuid::new_v4();
        let epoch = cache.epoch();
        cache.invalidate(SessionSelector::One(id));
        cache.insert(epoch, id, session(1));
        assert_eq!(cache.get(id), None);
        cache.insert(cache.epoch(), id, session(1));
        assert_eq!(cache.get(id), Some(session(1)));
    }

    #[test]
    fn case_07_only_selected_sessions_are_invalidated() {
        let cache = SessionCache::default();
        let [mine, my_other, theirs] = [(); 3].map(|()| Uuid::new_v4());
        for (id, user) in [(mine, 1), (my_other, 1), (theirs, 2)] {
            cache.insert(cache.epoch(), id, session(user));
        }
        cache.invalidate(SessionSelector::Others(1, mine));
        assert_eq!([mine, my_other, theirs].map(|id| cache.get(id).is_some()), [true, false, true]);
        cache.invalidate(SessionSelector::All(1));
        assert_eq!([mine, my_other, theirs].map(|id| cache.get(id).is_some()), [false, false, true]);
    }

    #[test]
    fn case_59_a_full_shard_drops_its_older_half() {
        let cache = SessionCache::default();
        // The last byte selects the shard.
        let id = |n: usize| Uuid::from_u128(u128::try_from(n).unwrap_or_default() << 8);
        for n in 0..2 * MAX_ENTRIES_PER_SHARD + 1 {
            cache.insert(cache.epoch(), id(n), session(1));
        }
        assert_eq!(cache.get(id(0)), None);
        assert!(cache.get(id(MAX_ENTRIES_PER_SHARD)).is_some());
        assert!(cache.get(id(2 * MAX_ENTRIES_PER_SHARD)).is_some());
    }

    #[test]
    fn case_37_ended_sessions_are_remembered_until_their_tokens_expire() {
        let cache = SessionCache::default();
        let id = |n: usize| Uuid::from_u128(u128::try_from(n).unwrap_or_default() << 8);
        for n in 0..MAX_ENTRIES_PER_SHARD {
            cache.insert_ended(id(n), 1000, 0);
        }
        cache.insert_ended(id(MAX_ENTRIES_PER_SHARD), 2000, 999);
        assert!(cache.is_ended(id(0)) && !cache.is_ended(id(MAX_ENTRIES_PER_SHARD)), "full");
        cache.insert_ended(id(MAX_ENTRIES_PER_SHARD), 2000, 1000);
        assert!(!cache.is_ended(id(0)) && cache.is_ended(id(MAX_ENTRIES_PER_SHARD)), "expired entries make room");
    }
}
