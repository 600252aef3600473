//! Delays the requests of a client network above its rate while other networks send requests, too.
//!
//! Many connections that each send a request as soon as the last one is answered would keep the processor busy, and the requests of others would
//! wait for it. A refusal takes as much processor time as an answer, so requests are delayed and not refused.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use wugan_axum::{client_groups, client_network};

/// Requests that take no longer than this at the network's rate are not delayed: a page that loads sends some at once.
const BURST: Duration = Duration::from_millis(20);
/// The longest delay. A network exceeds its rate only with more requests in flight than it may send in this time.
const MAX_DELAY: Duration = Duration::from_secs(1);
/// For how long after the request of another network the requests of a network are delayed.
const SHARED: Duration = Duration::from_secs(1);
/// The table is cleaned up when it is larger than this.
const MIN_CLEANED: usize = 1024;

/// The requests of each network in relation to its rate.
pub(super) struct Pacing {
    /// The time between two requests at the rate of one network.
    interval: Duration,
    networks: Mutex<Networks>,
}

struct Networks {
    /// GCRA's theoretical arrival time of each network and IPv6 site. The number is the multiple of a network's rate.
    arrivals: HashMap<(IpAddr, u32), Instant>,
    /// The size above which the table is cleaned up.
    clean_above: usize,
    /// The network of the last request.
    last: Option<IpAddr>,
    shared_until: Instant,
}

impl Pacing {
    /// With this many requests a second for one network, and four times that for a site.
    pub(super) fn new(rate: u32) -> Self {
        let networks = Networks { arrivals: HashMap::new(), clean_above: MIN_CLEANED, last: None, shared_until: Instant::now() };
        Self { interval: Duration::from_secs(1) / rate, networks: Mutex::new(networks) }
    }

    /// How long to delay a request of this client.
    pub(super) fn delay(&self, client: IpAddr, now: Instant) -> Duration {
        let network = client_network(client);
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if networks.last.replace(network).is_some_and(|last| last != network) {
            networks.shared_until = now + SHARED;
        }
        if networks.shared_until <= now {
            return Duration::ZERO;
        }
        let mut ahead = Duration::ZERO;
        for group in client_groups(client).into_iter().flatten() {
            let arrival = networks.arrivals.entry(group).or_insert(now);
            let due = (*arrival).max(now);
            ahead = ahead.max(due - now);
            *arrival = (due + self.interval / group.1).min(now + BURST + MAX_DELAY);
        }
        // Entries whose time has passed change no delay.
        if networks.arrivals.len() > networks.clean_above {
            networks.arrivals.retain(|_, arrival| *arrival > now);
            networks.clean_above = MIN_CLEANED.max(2 * networks.arrivals.len());
            let size = networks.clean_above;
            networks.arrivals.shrink_to(size);
        }
        ahead.saturating_sub(BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{iter::repeat_n, net::Ipv6Addr};

    const RATE: u32 = 1000;

    fn ip(last: u8) -> IpAddr {
        [203, 0, 113, last].into()
    }

    /// The delays of requests at the same time, in milliseconds.
    fn delays(pacing: &Pacing, clients: impl Iterator<Item = IpAddr>, now: Instant) -> Vec<u128> {
        clients.map(|client| pacing.delay(client, now).as_millis()).collect()
    }

    #[test]
    fn case_33_a_network_is_delayed_to_its_rate_while_others_send_requests() {
        let (pacing, start) = (Pacing::new(RATE), Instant::now());
        assert_eq!(delays(&pacing, [ip(2), ip(1)].into_iter(), start), [0, 0]);
        let flood = delays(&pacing, repeat_n(ip(1), 2000), start);
        assert_eq!([flood[18], flood[19], flood[20], flood[519]], [0, 0, 1, 500], "a burst of 20 is not delayed");
        assert_eq!(flood.iter().max(), Some(&1000), "the longest delay");
        assert_eq!(pacing.delay(ip(2), start), Duration::ZERO, "another network");
        let later = start + BURST + MAX_DELAY;
        assert_eq!(delays(&pacing, [ip(2), ip(1)].into_iter(), later), [0, 0], "the burst is available again");
    }

    #[test]
    fn case_33_a_network_that_is_alone_is_not_delayed() {
        let (pacing, start) = (Pacing::new(RATE), Instant::now());
        assert_eq!(delays(&pacing, repeat_n(ip(1), 1000), start), [0; 1000]);
        assert_eq!(pacing.delay(ip(2), start), Duration::ZERO);
        assert_eq!(delays(&pacing, repeat_n(ip(1), 1000), start).iter().max(), Some(&979), "another network has sent a request");
        let alone = start + SHARED;
        assert_eq!(delays(&pacing, repeat_n(ip(1), 1000), alone), [0; 1000]);
    }

    #[test]
    fn case_54_a_site_has_four_times_the_rate_of_a_network() {
        let (pacing, now) = (Pacing::new(RATE), Instant::now());
        pacing.delay(ip(1), now);
        // One request of each of its 256 networks, repeatedly.
        let site = (0..1000_u16).map(|n| Ipv6Addr::new(0x2001, 0xdb8, 1, n << 8, 0, 0, 0, 1).into());
        assert_eq!(delays(&pacing, site, now).last(), Some(&(999 / 4 - 20)));
    }

    #[test]
    fn case_33_networks_within_their_rate_are_forgotten() {
        let (pacing, start) = (Pacing::new(RATE), Instant::now());
        for n in 0..100_000_u32 {
            assert_eq!(pacing.delay(n.to_be_bytes().into(), start + Duration::from_millis(n.into())), Duration::ZERO);
        }
        assert!(pacing.networks.lock().unwrap_or_else(PoisonError::into_inner).arrivals.len() <= MIN_CLEANED + 1);
    }
}
