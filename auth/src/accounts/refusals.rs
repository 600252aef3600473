//! Audit entries for refused sign-ins: the first of an account and network is recorded at once, the others of that minute as one entry.

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
    counts: Mutex<HashMap<Key, Repeated>>,
}

struct Repeated {
    count: u64,
    last: Device,
}

impl Refusals {
    /// Records a refused sign-in, or counts it if this account and network had one since the last [`Refusals::flush`].
    pub(super) async fn record(&self, store: &Store, user: Option<i64>, device: &Device, now: Millis) -> Result<(), DbErr> {
        if self.is_first((user, device.network()), device) {
            // An unknown name is not recorded: it may be a password, typed into the wrong field.
            store.record(Event::SignInRefused, device.entry(user), now).await?;
        }
        Ok(())
    }

    fn is_first(&self, key: Key, device: &Device) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(repeated) = counts.get_mut(&key) {
            repeated.count += 1;
            repeated.last = device.clone();
            return false;
        }
        if counts.len() >= MAX_ENTRIES {
            return false;
        }
        counts.insert(key, Repeated { count: 0, last: device.clone() });
        true
    }

    /// Records what was counted; to be called each minute.
    pub(super) async fn flush(&self, store: &Store, now: Millis) -> Result<(), DbErr> {
        let counts = mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        for ((user, _), Repeated { count, last }) in counts.into_iter().filter(|(_, repeated)| repeated.count > 0) {
            let detail = Some(format!("{count} more within a minute"));
            store.record(Event::SignInRefused, Entry { detail, ..last.entry(user) }, now).await?;
        }
        Ok(())
    }
}
