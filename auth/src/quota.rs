//! Limits how much is in progress at a time, for all client networks and for one.

use crate::network::client_network;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts the permits in use, in all and by network. Clones share the counts.
#[derive(Clone)]
pub(crate) struct Quota {
    max: usize,
    max_per_network: usize,
    used: Arc<Mutex<Used>>,
}

#[derive(Default)]
struct Used {
    total: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// A permit of a quota, released when it is dropped.
pub(crate) struct Permit {
    quota: Quota,
    network: Option<IpAddr>,
}

impl Quota {
    /// A quota of `max` permits for all networks together, and of `max_per_network` for one.
    #[must_use]
    pub(crate) fn new(max: usize, max_per_network: usize) -> Self {
        Self { max, max_per_network, used: Arc::default() }
    }

    /// A permit for a client, if one is free. A client of unknown address belongs to no network.
    #[must_use]
    pub(crate) fn take(&self, client: Option<IpAddr>) -> Option<Permit> {
        let network = client.map(client_network);
        let mut used = self.lock();
        let count = network.and_then(|network| used.by_network.get(&network)).copied().unwrap_or(0);
        if used.total >= self.max || count >= self.max_per_network {
            return None;
        }
        used.total += 1;
        if let Some(network) = network {
            used.by_network.insert(network, count + 1);
        }
        drop(used);
        Some(Permit { quota: self.clone(), network })
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

impl Drop for Permit {
    fn drop(&mut self) {
        let mut used = self.quota.lock();
        used.total -= 1;
        let Some(network) = self.network else { return };
        if let Some(count) = used.by_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                used.by_network.remove(&network);
            }
        }
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
        assert!(quota.free() == 4 && quota.used.lock().unwrap().by_network.is_empty(), "counts of networks without permits are removed");
    }
}
