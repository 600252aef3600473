//! The part of an IP address that identifies a client's network.

use std::net::IpAddr;

/// The network of a client: the whole address for IPv4, the /64 for IPv6, of which a customer usually has one.
#[must_use]
pub fn client_network(ip: IpAddr) -> IpAddr {
    prefix(ip, 64)
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
        assert_eq!(client_network("203.0.113.9".parse().unwrap()).to_string(), "203.0.113.9");
    }
}
