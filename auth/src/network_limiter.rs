//! Limits attempts by client network, and those from IPv6 by site as well.

use crate::{
    clock::Millis,
    limiter::{Limiter, Rate},
    network::{SITE_SHARE, client_network, client_site},
};
use std::{hash::Hash, net::IpAddr, time::Duration};

/// A rate limiter over keys of one kind, each for one client network.
pub(crate) struct NetworkLimiter {
    networks: Limiter,
    sites: Limiter,
}

impl NetworkLimiter {
    /// A limiter of this rate for each key and network.
    pub(crate) fn new(rate: Rate) -> Self {
        let site = Rate { burst: rate.burst.saturating_mul(SITE_SHARE), ..rate };
        Self { networks: Limiter::new(rate), sites: Limiter::new(site) }
    }

    /// Counts an attempt of a client.
    ///
    /// # Errors
    /// Its network or its site is over the limit; the error is the time until an attempt is allowed again.
    pub(crate) fn take(&self, key: &impl Hash, client: IpAddr, now: Millis) -> Result<(), Duration> {
        let network = (key, client_network(client));
        self.networks.take(network, now)?;
        let Some(site) = client_site(client) else { return Ok(()) };
        self.sites.take((key, site), now).inspect_err(|_| self.networks.refund(network))
    }

    /// Refunds an attempt.
    pub(crate) fn refund(&self, key: &impl Hash, client: IpAddr) {
        self.networks.refund((key, client_network(client)));
        if let Some(site) = client_site(client) {
            self.sites.refund((key, site));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_54_a_site_has_four_times_the_attempts_of_a_network() {
        let limiter = NetworkLimiter::new("3/1m".parse().unwrap());
        let take = |name: &str, ip: String| limiter.take(&name, ip.parse().unwrap(), 0);
        let taken = |site: u16| (0..64).filter(|n| take("ada", format!("2001:db8:{site}:{:x}00::1", n / 4)).is_ok()).count();
        assert_eq!([taken(1), taken(2)], [12, 12]);
        assert_eq!(take("ada", "2001:db8:1:ff00::1".into()), Err(Duration::from_secs(5)));
        assert_eq!(take("bob", "2001:db8:1:ff00::1".into()), Ok(()), "another key");
        limiter.refund(&"ada", "2001:db8:1:ff00::1".parse().unwrap());
        assert_eq!(take("ada", "2001:db8:1:fe00::1".into()), Ok(()), "a refund makes room in the site");
    }
}
