//! Refused sign-ins, counted in memory and recorded each minute as one audit entry for each account and network.
//!
//! Nothing is written before the answer: the time of a commit would distinguish known names from unknown ones (ASVS 6.3.8).

use crate::{
    clock::Millis,
    device::Device,
    store::{
        Store,
        audit::{Entry, Event},
    },
};
use sea_orm::DbErr;
use std::{
    collections::HashMap,
    mem,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// The largest number of accounts and networks that are counted apart in a minute.
const MAX_ENTRIES: usize = 10_000;

type Key = (Option<i64>, Option<IpAddr>);

/// Counts refused sign-ins by account and network.
#[derive(Default)]
pub(super) struct Refusals {
    counts: Mutex<HashMap<Key, Refused>>,
}

struct Refused {
    count: u64,
    last: Device,
    last_at: Millis,
}

impl Refusals {
    /// Counts a refused sign-in. An unknown name is not stored: it may be a password that was typed into the wrong field.
    pub(super) fn count(&self, user: Option<i64>, device: &Device, now: Millis) {
        self.add((user, device.network()), Refused { count: 1, last: device.clone(), last_at: now });
    }

    fn add(&self, key: Key, refused: Refused) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&key).map_or(0, |before| before.count);
        if count > 0 || counts.len() < MAX_ENTRIES {
            counts.insert(key, Refused { count: count + refused.count, ..refused });
        }
    }

    /// Records what was counted; to be called each minute. What cannot be recorded is kept for the next time.
    pub(super) async fn flush(&self, store: &Store) -> Result<(), DbErr> {
        let counts = mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        let mut entries: Vec<_> = counts.iter().map(|((user, _), refused)| (refused.last_at, refused.entry(*user))).collect();
        entries.sort_by_key(|(at, _)| *at);
        let recorded = store.record_all(Event::SignInRefused, &entries).await;
        if recorded.is_err() {
            counts.into_iter().for_each(|(key, refused)| self.add(key, refused));
        }
        recorded
    }
}

impl Refused {
    fn entry(&self, user: Option<i64>) -> Entry {
        let detail = (self.count > 1).then(|| format!("{} within a minute", self.count));
        Entry { detail, ..self.last.entry(user) }
    }
}
