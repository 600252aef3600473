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

/// The largest number of accounts and networks that are counted apart in a minute. Others share one entry, which names no account.
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
        let key = if counts.len() < MAX_ENTRIES || counts.contains_key(&key) { key } else { (None, None) };
        let (before, count) = (counts.remove(&key), refused.count);
        let before_count = before.as_ref().map_or(0, |before| before.count);
        // What could not be recorded is added again after later refusals.
        let last = before.filter(|before| before.last_at > refused.last_at).unwrap_or(refused);
        counts.insert(key, Refused { count: before_count + count, ..last });
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn device(n: u32) -> Device {
        Device { ip: Some(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n))), ..Device::default() }
    }

    #[test]
    fn case_39_what_could_not_be_recorded_is_added_to_later_refusals() {
        let (refusals, key) = (Refusals::default(), (Some(1), device(1).network()));
        let refused = |last_at, agent: &str| Refused { count: 2, last: Device { user_agent: Some(agent.into()), ..device(1) }, last_at };
        refusals.add(key, refused(9, "later"));
        refusals.add(key, refused(5, "failed to be recorded"));
        let counts = refusals.counts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let refused = &counts[&key];
        assert_eq!((refused.count, refused.last_at, refused.last.user_agent.as_deref()), (4, 9, Some("later")));
    }

    #[test]
    fn case_39_refusals_beyond_the_bound_are_counted_together() {
        let refusals = Refusals::default();
        (0..MAX_ENTRIES as u32 + 7).for_each(|n| refusals.count(Some(1), &device(n), 0));
        refusals.count(Some(1), &device(3), 0);
        let counts = refusals.counts.into_inner().unwrap_or_else(PoisonError::into_inner);
        assert_eq!((counts.len(), counts[&(None, None)].count), (MAX_ENTRIES + 1, 7));
        assert_eq!(counts[&(Some(1), device(3).network())].count, 2);
    }
}
