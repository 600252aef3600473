//! The part of an IP address that identifies a client's network.

use std::net::IpAddr;

/// The network of a client. For IPv4 it is the whole address, also if a socket reports it as IPv6. For IPv6 it is the /56, the smallest prefix
/// that many providers assign to a customer (RIPE-690 §4.2). A customer with a /64 shares the limits with up to 255 others.
#[must_use]
pub fn client_network(ip: IpAddr) -> IpAddr {
    prefix(ip.to_canonical(), 56)
}

/// The limit of a site (an IPv6 /48) as a multiple of the limit of one network (a /56).
pub const SITE_SHARE: u32 = 4;

/// The site of an IPv6 client: its /48, which hosting providers and tunnel brokers assign to one customer (RFC 6177 §2). It contains 256
/// networks, so that limits for networks alone would not limit such a customer. An IPv4 client has none.
#[must_use]
pub fn client_site(ip: IpAddr) -> Option<IpAddr> {
    let ip = ip.to_canonical();
    ip.is_ipv6().then(|| prefix(ip, 48))
}

/// The network of a client, and its site if it has one, each with its limits as a multiple of those of one network.
#[must_use]
pub fn client_groups(ip: IpAddr) -> [Option<(IpAddr, u32)>; 2] {
    [Some((client_network(ip), 1)), client_site(ip).map(|site| (site, SITE_SHARE))]
}

/// An IPv6 address cut to its first `bits`; an IPv4 address as it is.
#[must_use]
pub fn prefix(ip: IpAddr, bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) & !u128::MAX.checked_shr(bits.into()).unwrap_or(0)).into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_54_an_ipv6_address_is_cut_to_its_prefix() {
        let ip: IpAddr = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        for (bits, network) in [(48, "2001:db8:1::"), (56, "2001:db8:1::"), (64, "2001:db8:1:2::"), (128, "2001:db8:1:2:3:4:5:6")] {
            assert_eq!(prefix(ip, bits).to_string(), network);
        }
    }

    #[test]
    fn case_54_all_addresses_of_a_customer_are_one_network() {
        let network = |ip: &str| client_network(ip.parse().unwrap()).to_string();
        assert_eq!(network("203.0.113.9"), "203.0.113.9");
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.9", "a client of a listener on [::]");
        for own in ["2001:db8:1:200::1", "2001:db8:1:2ff:ffff::1"] {
            assert_eq!(network(own), "2001:db8:1:200::");
        }
        assert_eq!(network("2001:db8:1:300::1"), "2001:db8:1:300::", "another customer");
    }
}
