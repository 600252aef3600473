//! Limits how much is in progress at a time, for all client networks, for one site and for one network.

use crate::network::{SITE_SHARE, client_network, client_site};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts the permits in use: in all, by site and by network. Clones share the counts.
#[derive(Clone)]
pub struct Quota {
    max: usize,
    max_per_network: usize,
    used: Arc<Mutex<Used>>,
}

#[derive(Default)]
struct Used {
    total: usize,
    by_network: Counts,
    by_site: Counts,
}

#[derive(Default)]
struct Counts(HashMap<IpAddr, usize>);

/// A permit of a quota, released when it is dropped.
pub struct Permit {
    quota: Quota,
    network: Option<IpAddr>,
    site: Option<IpAddr>,
}

impl Quota {
    /// A quota of `max` permits for all networks together, of `max_per_network` for one, and of four times that for a site.
    #[must_use]
    pub fn new(max: usize, max_per_network: usize) -> Self {
        Self { max, max_per_network, used: Arc::default() }
    }

    /// A permit for a client, if one is free. A client of unknown address belongs to no network.
    #[must_use]
    pub fn take(&self, client: Option<IpAddr>) -> Option<Permit> {
        let (network, site) = (client.map(client_network), client.and_then(client_site));
        let mut used = self.lock();
        let is_full = used.total >= self.max
            || used.by_network.of(network) >= self.max_per_network
            || used.by_site.of(site) >= self.max_per_network.saturating_mul(SITE_SHARE as usize);
        if is_full {
            return None;
        }
        used.total += 1;
        used.by_network.add(network);
        used.by_site.add(site);
        drop(used);
        Some(Permit { quota: self.clone(), network, site })
    }

    /// How many permits are free.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.max - self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn of(&self, key: Option<IpAddr>) -> usize {
        key.and_then(|key| self.0.get(&key)).copied().unwrap_or(0)
    }

    fn add(&mut self, key: Option<IpAddr>) {
        if let Some(key) = key {
            *self.0.entry(key).or_default() += 1;
        }
    }

    fn remove(&mut self, key: Option<IpAddr>) {
        let Some(key) = key else { return };
        if let Some(count) = self.0.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&key);
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut used = self.quota.lock();
        used.total -= 1;
        used.by_network.remove(self.network);
        used.by_site.remove(self.site);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_31_a_network_and_all_networks_have_a_bound() {
        let quota = Quota::new(4, 2);
        let [a, b, c]: [Option<IpAddr>; 3] = [1, 2, 3].map(|n| Some([203, 0, 113, n].into()));
        let held = [quota.take(a).unwrap(), quota.take(a).unwrap()];
        assert!(quota.take(a).is_none(), "a network's bound");
        let others = [quota.take(b).unwrap(), quota.take(None).unwrap()];
        assert!(quota.take(c).is_none() && quota.take(None).is_none(), "the common bound");
        drop(held);
        assert!(quota.take(c).is_some() && quota.take(a).is_some());
        drop(others);
        assert!(quota.free() == 4 && quota.lock().by_network.0.is_empty(), "counts of networks without permits are removed");
    }

    #[test]
    fn case_54_a_48_does_not_take_the_whole_quota() {
        let quota = Quota::new(64, 8);
        let client = |ip: String| Some(ip.parse().unwrap());
        let held: Vec<_> = (0..256).filter_map(|n| quota.take(client(format!("2001:db8:0:{n:x}00::1")))).collect();
        assert_eq!(held.len(), 32, "four times the share of a network");
        assert!(quota.take(client("203.0.113.1".into())).is_some() && quota.take(client("2001:db8:1::1".into())).is_some());
        drop(held);
        assert!(quota.free() == 64 && quota.lock().by_site.0.is_empty(), "counts of sites without permits are removed");
    }
}
