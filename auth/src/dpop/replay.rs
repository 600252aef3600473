//! Replay cache of accepted proofs (RFC 9449 §11.1), bounded for each session and in all. It fails closed.

use crate::clock::Millis;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;

/// The most proofs of a session that are remembered within their lifetime. Further ones raise the session's floor.
const MAX_PER_SESSION: usize = 1024;
/// A power of two.
const SHARDS: usize = 16;
/// Half a million proofs in all. Each takes some 50 bytes.
const MAX_PER_SHARD: usize = 32_768;

/// An accepted proof.
pub(super) struct Accepted {
    /// A hash of the claim `jti`.
    pub(super) id: u128,
    /// The claim `iat`, in seconds.
    pub(super) issued_at: i64,
    /// When the proof is refused for its age.
    pub(super) valid_until: Millis,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The proof was accepted before, or may have been.
    Replayed,
    /// The cache has too many sessions.
    Full,
}

#[derive(Default)]
pub(super) struct Replays {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    sessions: HashMap<Uuid, Ring>,
    /// The number of proofs in the cache.
    length: usize,
}

#[derive(Default)]
struct Ring {
    accepted: Vec<Accepted>,
    /// Proofs issued by then are refused: some of them were dropped before they expired.
    floor: Option<Floor>,
}

#[derive(Clone, Copy)]
struct Floor {
    issued_at: i64,
    valid_until: Millis,
}

impl Replays {
    /// Accepts a proof once.
    ///
    /// # Errors
    /// The proof was accepted before or may have been, or the cache is full.
    pub(super) fn record(&self, session: Uuid, proof: Accepted, now: Millis) -> Result<(), Refused> {
        // A random UUID's last byte is random.
        let shard = &self.shards[usize::from(session.as_bytes()[15]) % SHARDS];
        let shard = &mut *shard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |shard: &Shard| shard.length >= MAX_PER_SHARD || shard.sessions.len() >= MAX_PER_SHARD;
        if is_full(shard) {
            shard.evict_expired(now);
        }
        if shard.length >= MAX_PER_SHARD {
            shard.evict_largest();
        }
        if is_full(shard) && !shard.sessions.contains_key(&session) {
            return Err(Refused::Full);
        }
        let ring = shard.sessions.entry(session).or_default();
        let before = ring.accepted.len();
        let recorded = ring.record(proof, now);
        shard.length = shard.length + ring.accepted.len() - before;
        recorded
    }
}

impl Shard {
    fn evict_expired(&mut self, now: Millis) {
        self.sessions.retain(|_, ring| {
            ring.evict_expired(now);
            !ring.accepted.is_empty() || ring.floor.is_some()
        });
        self.length = self.sessions.values().map(|ring| ring.accepted.len()).sum();
    }

    /// Drops the proofs of the session that has the most of them.
    fn evict_largest(&mut self) {
        let Some(ring) = self.sessions.values_mut().max_by_key(|ring| ring.accepted.len()) else { return };
        self.length -= ring.accepted.len();
        ring.evict_until(i64::MAX);
    }
}

impl Ring {
    fn evict_expired(&mut self, now: Millis) {
        self.accepted.retain(|known| known.valid_until > now);
        self.release_memory();
        self.floor = self.floor.filter(|floor| floor.valid_until > now);
    }

    fn record(&mut self, proof: Accepted, now: Millis) -> Result<(), Refused> {
        if self.accepted.len() >= MAX_PER_SESSION {
            self.evict_expired(now);
        }
        let is_below = |floor: Floor| floor.valid_until > now && proof.issued_at <= floor.issued_at;
        if self.floor.is_some_and(is_below) || self.accepted.iter().any(|known| known.id == proof.id) {
            return Err(Refused::Replayed);
        }
        // Before the push, which would double the memory of a full ring.
        if self.accepted.len() >= MAX_PER_SESSION {
            self.evict_oldest();
        }
        self.accepted.push(proof);
        Ok(())
    }

    /// To a power of two: a ring that is filled again then grows to the bound and not beyond it.
    fn release_memory(&mut self) {
        self.accepted.shrink_to(self.accepted.len().next_power_of_two());
    }

    /// Drops the proofs that were issued first.
    fn evict_oldest(&mut self) {
        if let Some(issued_at) = self.accepted.iter().map(|known| known.issued_at).min() {
            self.evict_until(issued_at);
        }
    }

    /// Drops the proofs that were issued by then, and raises the floor to the last of them.
    fn evict_until(&mut self, issued_at: i64) {
        for dropped in self.accepted.extract_if(.., |known| known.issued_at <= issued_at) {
            let floor = self.floor.get_or_insert(Floor { issued_at: dropped.issued_at, valid_until: dropped.valid_until });
            floor.issued_at = floor.issued_at.max(dropped.issued_at);
            floor.valid_until = floor.valid_until.max(dropped.valid_until);
        }
        self.release_memory();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn proof(id: u128, issued_at: i64) -> Accepted {
        Accepted { id, issued_at, valid_until: issued_at * 1000 + 60_000 }
    }

    #[test]
    fn a_proof_is_accepted_once_in_a_session() {
        let (replays, one, other) = (Replays::default(), Uuid::new_v4(), Uuid::new_v4());
        assert_eq!(replays.record(one, proof(1, 100), 100_000), Ok(()));
        assert_eq!(replays.record(one, proof(1, 100), 100_000), Err(Refused::Replayed));
        assert_eq!(replays.record(other, proof(1, 100), 100_000), Ok(()));
    }

    #[test]
    fn a_proof_that_was_evicted_is_refused_by_its_time() {
        let (replays, session, now) = (Replays::default(), Uuid::new_v4(), 100_000);
        for id in 0..=MAX_PER_SESSION {
            let issued_at = if id < 10 { 100 } else { 101 };
            assert_eq!(replays.record(session, proof(id as u128, issued_at), now), Ok(()));
        }
        assert_eq!(replays.record(session, proof(0, 100), now), Err(Refused::Replayed), "dropped");
        assert_eq!(replays.record(session, proof(5000, 100), now), Err(Refused::Replayed), "may have been dropped");
        assert_eq!(replays.record(session, proof(20, 101), now), Err(Refused::Replayed), "in the cache");
        assert_eq!(replays.record(session, proof(5001, 101), now), Ok(()));
    }

    #[test]
    fn memory_is_bounded_in_a_burst_and_released_after_it() {
        let (replays, session) = (Replays::default(), Uuid::from_u128(0));
        let record = |id: usize, issued_at: i64| {
            assert_eq!(replays.record(session, proof(id as u128, issued_at), issued_at * 1000), Ok(()));
            let shard = replays.shards[0].lock().unwrap();
            let accepted = &shard.sessions[&session].accepted;
            assert!(
                accepted.capacity() <= (2 * accepted.len()).clamp(4, MAX_PER_SESSION),
                "{} for {}",
                accepted.capacity(),
                accepted.len()
            );
        };
        for id in 0..2 * MAX_PER_SESSION {
            record(id, 100 + i64::try_from(id / 64).unwrap());
        }
        for minute in 0..2 * MAX_PER_SESSION {
            record(10_000 + minute, 1000 + i64::try_from(minute).unwrap() * 60);
        }
    }

    /// One user has 100 sessions; a third of them may be in one shard.
    #[test]
    fn sessions_that_fill_the_cache_are_refused_and_no_other_one() {
        let (replays, owner) = (Replays::default(), Uuid::from_u128(1 << 120));
        assert_eq!(replays.record(owner, proof(1, 100), 100_000), Ok(()));
        let session = |n: usize| Uuid::from_u128((n as u128 % 33) << 8);
        for n in 0..2 * MAX_PER_SHARD {
            // Some of these are refused.
            let _ = replays.record(session(n), proof(n as u128, 100), 100_000);
            if n % 1000 == 0 {
                assert_eq!(replays.record(owner, proof(n as u128 + 2, 100), 100_000), Ok(()), "after {n} proofs of others");
            }
        }
        assert_eq!(replays.record(owner, proof(1, 100), 100_000), Err(Refused::Replayed), "still in the cache");
        assert_eq!(replays.record(session(0), proof(0, 100), 100_000), Err(Refused::Replayed), "dropped");
    }

    #[test]
    fn a_cache_with_too_many_sessions_refuses_others_until_some_expire() {
        let replays = Replays::default();
        let session = |n: usize| Uuid::from_u128((n as u128) << 8);
        for n in 0..MAX_PER_SHARD {
            assert_eq!(replays.record(session(n), proof(1, 100), 100_000), Ok(()));
        }
        let next = session(MAX_PER_SHARD);
        assert_eq!(replays.record(next, proof(1, 100), 159_999), Err(Refused::Full));
        assert_eq!(replays.record(next, proof(1, 150), 160_000), Ok(()));
    }
}
