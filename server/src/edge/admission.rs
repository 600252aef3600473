//! Admission control: how many connections and sign-in requests of one network and of all networks are served at a time.
//!
//! More are refused at once, so that a flood from one network leaves capacity for the others.

use super::route::{Class, Route};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};
use wugan_axum::{Error, client_network};

/// How many connections are served at a time. Each takes up to 16 KiB for its head and as much for a body.
const MAX_CONNECTIONS: usize = 20_000;
/// How many sign-in requests are served at a time, by all networks and by one.
const MAX_SIGN_INS: usize = 512;
const MAX_SIGN_INS_PER_NETWORK: usize = 16;

/// The connections and requests being served.
pub(crate) struct Admission {
    connections: Quota,
    sign_ins: Quota,
}

/// A connection's part of the quota.
pub(crate) struct ConnectionPermit {
    _permit: Option<Permit>,
}

impl Admission {
    /// With this many connections for one network.
    pub(crate) fn new(connections_per_network: usize) -> Self {
        Self {
            connections: Quota::new(MAX_CONNECTIONS, connections_per_network),
            sign_ins: Quota::new(MAX_SIGN_INS, MAX_SIGN_INS_PER_NETWORK),
        }
    }

    /// Admits a connection, or closes it with `None`. A proxy's connections are those of many clients, so they are not limited.
    pub(crate) fn connect(&self, peer: IpAddr, is_proxy: bool) -> Option<ConnectionPermit> {
        if is_proxy {
            return Some(ConnectionPermit { _permit: None });
        }
        self.connections.take(peer).map(|permit| ConnectionPermit { _permit: Some(permit) })
    }

    /// Admits a request until the permit is dropped.
    pub(super) fn enter(&self, route: Route, client: IpAddr) -> Result<Option<Permit>, Error> {
        match route.class() {
            Class::Other => Ok(None),
            Class::SignIn => self.sign_ins.take(client).map(Some).ok_or_else(|| Error::Busy("too many sign-in requests".into())),
        }
    }
}

/// Counts the permits in use, in all and by network.
struct Quota {
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
pub(super) struct Permit {
    used: Arc<Mutex<Used>>,
    network: IpAddr,
}

impl Quota {
    fn new(max: usize, max_per_network: usize) -> Self {
        Self { max, max_per_network, used: Arc::default() }
    }

    fn take(&self, client: IpAddr) -> Option<Permit> {
        let network = client_network(client);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let count = used.by_network.get(&network).copied().unwrap_or(0);
        if used.total >= self.max || count >= self.max_per_network {
            return None;
        }
        used.total += 1;
        used.by_network.insert(network, count + 1);
        Some(Permit { used: self.used.clone(), network })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.total -= 1;
        if let Some(count) = used.by_network.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                used.by_network.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_33_a_network_and_all_networks_have_a_bound() {
        let quota = Quota::new(3, 2);
        let [a, b, c]: [IpAddr; 3] = [1, 2, 3].map(|n| [203, 0, 113, n].into());
        let held = [quota.take(a).unwrap(), quota.take(a).unwrap()];
        assert!(quota.take(a).is_none(), "a network's bound");
        let other = quota.take(b).unwrap();
        assert!(quota.take(c).is_none(), "the common bound");
        drop(held);
        assert!(quota.take(c).is_some());
        drop(other);
        assert!(quota.used.lock().unwrap().by_network.is_empty(), "counts of networks without permits are removed");
    }

    #[test]
    fn case_38_a_proxys_connections_are_not_limited() {
        let (admission, proxy) = (Admission::new(1), [10, 0, 0, 1].into());
        let held: Vec<_> = (0..3).map(|_| admission.connect(proxy, true).unwrap()).collect();
        assert_eq!(held.len(), 3);
        let _client = admission.connect(proxy, false).unwrap();
        assert!(admission.connect(proxy, false).is_none());
    }
}
