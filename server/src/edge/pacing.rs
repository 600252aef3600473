//! Delays the requests of a client network that sends more than its rate while others send requests, too.
//!
//! A thousand connections of one network that send a request as soon as the last one is answered would keep the processor busy, and every
//! other request would wait for it. Delayed requests take no time of the processor, and no client of an ordinary rate notices.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use wugan_axum::{SITE_SHARE, client_network, client_site};

/// How far a network may be ahead of its rate before it is delayed: a page that loads sends some requests at once.
const BURST: Duration = Duration::from_millis(20);
/// How long a request is delayed at most. One that would have to wait longer is refused, so that the number of those that wait is limited.
const MAX_DELAY: Duration = Duration::from_millis(200);
/// For how long after a request of another network a network is limited to its rate.
const SHARED: Duration = Duration::from_secs(1);
/// The table is searched for networks that are within their rate only when it is larger than this.
const MIN_SEARCHED: usize = 1024;

/// The rate of each network.
pub(super) struct Pacing {
    /// The time of one request of a network at its rate.
    interval: Duration,
    networks: Mutex<Networks>,
}

struct Networks {
    /// When the requests so far of a network or of an IPv6 site end at its rate, which is this multiple of a network's (GCRA's theoretical
    /// arrival time).
    ends: HashMap<(IpAddr, u32), Instant>,
    /// The size at which the table is searched next.
    searched_at: usize,
    /// The network of the last request.
    last: IpAddr,
    shared_until: Instant,
}

impl Pacing {
    /// With this many requests a second for one network, and four times that for a site.
    pub(super) fn new(rate: u32) -> Self {
        let networks =
            Networks { ends: HashMap::new(), searched_at: MIN_SEARCHED, last: IpAddr::from([0; 4]), shared_until: Instant::now() };
        Self { interval: Duration::from_secs(1) / rate.max(1), networks: Mutex::new(networks) }
    }

    /// How long a request of this client is to be delayed. `None`: too many of its network are delayed already.
    pub(super) fn delay(&self, client: IpAddr, now: Instant) -> Option<Duration> {
        let network = client_network(client);
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if networks.last != network {
            networks.last = network;
            networks.shared_until = now + SHARED;
        }
        if networks.shared_until <= now {
            return Some(Duration::ZERO);
        }
        let groups = [Some((network, 1)), client_site(client).map(|site| (site, SITE_SHARE))];
        let end = |group| networks.ends.get(group).map_or(now, |end| (*end).max(now));
        let ahead = groups.iter().flatten().map(|group| end(group) - now).max().unwrap_or_default();
        let delay = ahead.saturating_sub(BURST);
        if delay > MAX_DELAY {
            return None;
        }
        for group in groups.into_iter().flatten() {
            let end = networks.ends.entry(group).or_insert(now);
            *end = (*end).max(now) + self.interval / group.1;
        }
        networks.make_room(now);
        Some(delay)
    }
}

impl Networks {
    /// Removes the networks that are within their rate. A network above it stays, and there are few of these: each sends many requests.
    fn make_room(&mut self, now: Instant) {
        if self.ends.len() > self.searched_at {
            self.ends.retain(|_, end| *end > now);
            self.searched_at = MIN_SEARCHED.max(2 * self.ends.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    const RATE: u32 = 1000;
    /// At once within the burst of 20 ms, and then as many as are delayed by up to 200 ms.
    const ADMITTED: usize = 221;

    fn ip(last: u8) -> IpAddr {
        [203, 0, 113, last].into()
    }

    /// The delays of this many requests at that time, without those that are refused.
    fn delays(pacing: &Pacing, clients: impl Iterator<Item = IpAddr>, now: Instant) -> Vec<Duration> {
        clients.filter_map(|client| pacing.delay(client, now)).collect()
    }

    #[test]
    fn case_33_a_network_is_delayed_to_its_rate_while_others_send_requests() {
        let (pacing, start) = (Pacing::new(RATE), Instant::now());
        assert_eq!(pacing.delay(ip(2), start), Some(Duration::ZERO));
        let flood = delays(&pacing, std::iter::repeat_n(ip(1), 1000), start);
        assert_eq!(flood.len(), ADMITTED);
        assert!(flood[..21].iter().all(Duration::is_zero), "a burst is not delayed");
        assert_eq!([flood[21], flood[ADMITTED - 1]], [1, 200].map(Duration::from_millis));
        assert_eq!(pacing.delay(ip(2), start), Some(Duration::ZERO), "another network");
        let later = start + Duration::from_millis(500);
        assert_eq!(pacing.delay(ip(1), later), Some(Duration::ZERO), "the burst is available again");
    }

    #[test]
    fn case_33_a_network_that_is_alone_is_not_delayed() {
        let (pacing, start) = (Pacing::new(RATE), Instant::now());
        let alone = start + SHARED;
        for client in [ip(2), ip(1)] {
            assert_eq!(pacing.delay(client, start), Some(Duration::ZERO));
        }
        assert!(delays(&pacing, std::iter::repeat_n(ip(1), 1000), alone).iter().eq(&[Duration::ZERO; 1000]));
        assert_eq!(pacing.delay(ip(2), alone), Some(Duration::ZERO));
        assert_eq!(delays(&pacing, std::iter::repeat_n(ip(1), 1000), alone).len(), ADMITTED, "another network has sent a request");
    }

    #[test]
    fn case_54_a_site_has_four_times_the_rate_of_a_network() {
        let (pacing, now) = (Pacing::new(RATE), Instant::now());
        let site = (0..1000_u16).map(|n| Ipv6Addr::new(0x2001, 0xdb8, 1, n << 8, 0, 0, 0, 1).into());
        assert_eq!(delays(&pacing, site, now).len(), 4 * 220 + 1);
    }

    #[test]
    fn case_33_networks_within_their_rate_are_forgotten() {
        let (pacing, start) = (Pacing::new(RATE), Instant::now());
        for n in 0..100_000_u32 {
            assert_eq!(pacing.delay(n.to_be_bytes().into(), start + Duration::from_millis(n.into())), Some(Duration::ZERO));
        }
        assert!(pacing.networks.lock().unwrap_or_else(PoisonError::into_inner).ends.len() <= MIN_SEARCHED + 1);
    }
}
