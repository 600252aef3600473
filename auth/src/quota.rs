//! Limits how much is in progress at a time, for all client networks, for one site and for one network.

use crate::network::client_groups;
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
    by_group: HashMap<(IpAddr, u32), usize>,
}

/// A permit of a quota, released when it is dropped.
pub struct Permit {
    quota: Quota,
    groups: [Option<(IpAddr, u32)>; 2],
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
        let groups = client.map_or([None; 2], client_groups);
        let mut used = self.lock();
        let max_of = |share| self.max_per_network.saturating_mul(share as usize);
        let is_full = |group: &(IpAddr, u32)| used.by_group.get(group).is_some_and(|count| *count >= max_of(group.1));
        if used.total >= self.max || groups.iter().flatten().any(is_full) {
            return None;
        }
        used.total += 1;
        groups.iter().flatten().for_each(|group| *used.by_group.entry(*group).or_default() += 1);
        drop(used);
        Some(Permit { quota: self.clone(), groups })
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
        for group in self.groups.iter().flatten() {
            if let Some(count) = used.by_group.get_mut(group) {
                *count -= 1;
                if *count == 0 {
                    used.by_group.remove(group);
                }
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
        assert!(quota.free() == 4 && quota.lock().by_group.is_empty(), "counts of networks without permits are removed");
    }

    #[test]
    fn case_54_a_48_does_not_take_the_whole_quota() {
        let quota = Quota::new(64, 8);
        let client = |ip: String| Some(ip.parse().unwrap());
        let held: Vec<_> = (0..256).filter_map(|n| quota.take(client(format!("2001:db8:0:{n:x}00::1")))).collect();
        assert_eq!(held.len(), 32, "four times the share of a network");
        assert!(quota.take(client("203.0.113.1".into())).is_some() && quota.take(client("2001:db8:1::1".into())).is_some());
        drop(held);
        assert!(quota.free() == 64 && quota.lock().by_group.is_empty(), "counts of sites without permits are removed");
    }
}
