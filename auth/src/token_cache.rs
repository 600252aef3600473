//! Cache of verified access tokens, keyed by the hash of the whole token, so that a request verifies no signature a second time.

use crate::claims::Claims;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    mem,
    sync::{PoisonError, RwLock},
};

/// A power of two.
const SHARDS: usize = 16;
/// There are at most twice as many; an entry takes about 130 bytes, so that the cache takes up to 1 MiB.
const MAX_ENTRIES_PER_SHARD: usize = 256;

/// Claims of verified tokens. An entry is valid in one epoch of the keys.
pub(crate) struct TokenCache {
    shards: [RwLock<Shard>; SHARDS],
}

/// The hash of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; 32]);

/// Entries in two maps. A full shard drops the older one without a scan.
#[derive(Default)]
struct Shard {
    epoch: u64,
    young: HashMap<TokenHash, Claims>,
    old: HashMap<TokenHash, Claims>,
}

impl TokenHash {
    pub(crate) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl TokenCache {
    fn shard(&self, token: TokenHash) -> &RwLock<Shard> {
        &self.shards[usize::from(token.0[0]) % SHARDS]
    }

    /// The claims of a token that was verified in this epoch.
    pub(crate) fn get(&self, token: TokenHash, epoch: u64) -> Option<Claims> {
        let shard = self.shard(token).read().unwrap_or_else(PoisonError::into_inner);
        if shard.epoch != epoch {
            return None;
        }
        shard.young.get(&token).or_else(|| shard.old.get(&token)).cloned()
    }

    /// Inserts a token that was verified with the keys of this epoch.
    pub(crate) fn insert(&self, token: TokenHash, epoch: u64, claims: Claims) {
        let mut shard = self.shard(token).write().unwrap_or_else(PoisonError::into_inner);
        if shard.epoch != epoch {
            *shard = Shard { epoch, ..Shard::default() };
        }
        if shard.young.len() >= MAX_ENTRIES_PER_SHARD {
            shard.old = mem::take(&mut shard.young);
        }
        shard.young.insert(token, claims);
    }
}
