//! The client's address behind trusted proxies.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tracing::warn;

/// The header in which a proxy forwards its caller's address. One is chosen: a proxy passes on the others as the client sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto` for the scheme.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl FromStr for ForwardedHeader {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err("choose x-forwarded-for or forwarded"),
        }
    }
}

/// The proxies whose headers are trusted.
#[derive(Clone, Default)]
pub struct TrustedProxies {
    networks: Arc<[IpNet]>,
    header: ForwardedHeader,
    warned: Arc<AtomicBool>,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

impl TrustedProxies {
    /// The hosts of these networks are proxies that set this header.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = IpNet>, header: ForwardedHeader) -> Self {
        Self { networks: networks.into_iter().collect(), header, warned: Arc::default() }
    }

    /// Whether this address is one of the proxies.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&ip.to_canonical()))
    }

    /// The address closest to this server that is not one of the proxies. Each proxy appends the address that it was called from, so the
    /// list is read from its end, and entries that the client wrote are not trusted. An address that cannot be read ends the search.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if self.networks.is_empty() {
            if headers.contains_key(X_FORWARDED_FOR) && !self.warned.swap(true, Ordering::Relaxed) {
                warn!(proxy = %client, "a proxy forwards requests and is not trusted: all its clients share the limits of its address. Not logged again");
            }
            return client;
        }
        let name = match self.header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => header::FORWARDED,
        };
        // Bytes: text that the client wrote must not make the part of the proxies unreadable.
        let lists: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        for hop in lists.iter().rev().flat_map(|list| list.rsplit(|byte| *byte == b',')) {
            if !self.contains(client) {
                break;
            }
            let address = str::from_utf8(hop).ok().and_then(|hop| match self.header {
                ForwardedHeader::XForwardedFor => parse_address(hop.trim()),
                ForwardedHeader::Forwarded => parameter(hop, "for").and_then(parse_address),
            });
            let Some(address) = address else {
                self.warn_once(client);
                break;
            };
            client = address.to_canonical();
        }
        client
    }

    /// Whether the client's own connection is encrypted, according to a trusted proxy.
    #[must_use]
    pub fn is_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        if !self.contains(peer) {
            return false;
        }
        let text = |name: HeaderName| headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok());
        let scheme = match self.header {
            ForwardedHeader::XForwardedFor => text(X_FORWARDED_PROTO),
            ForwardedHeader::Forwarded => text(header::FORWARDED).and_then(|list| parameter(list.rsplit(',').next()?, "proto")),
        };
        scheme.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
    }

    fn warn_once(&self, client: IpAddr) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            warn!(proxy = %client, "a trusted proxy sent a forwarding header that cannot be read: the proxy counts as the client. Not logged again");
        }
    }
}

/// An address with or without a port; IPv6 with or without brackets.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// A parameter of one element of `Forwarded`, without quotes.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn client(header: ForwardedHeader, peer: &str, lists: &[&str], trusted: &[&str]) -> String {
        let name = if header == ForwardedHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
        let value = |list: &str| HeaderValue::from_bytes(list.as_bytes()).unwrap();
        let headers = lists.iter().map(|list| (name.parse().unwrap(), value(list))).collect();
        let proxies = TrustedProxies::new(trusted.iter().map(|network| network.parse().unwrap()), header);
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    fn seen(peer: &str, lists: &[&str], trusted: &[&str]) -> String {
        client(ForwardedHeader::XForwardedFor, peer, lists, trusted)
    }

    #[test]
    fn case_17_forwarded_addresses_are_trusted_from_trusted_proxies_only() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"], &["10.0.0.0/8"]), "198.51.100.1", "not the client's claim");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4", "198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1", "two headers are one list");
        assert_eq!(seen("::ffff:10.0.0.1", &["2001:db8::1"], &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(
            seen("10.0.0.1", &["ü, 198.51.100.1"], &["10.0.0.0/8"]),
            "198.51.100.1",
            "the client's unreadable text does not hide the proxy's entry"
        );
        assert_eq!(seen("10.0.0.1", &["rubbish"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn case_42_addresses_are_read_with_and_without_a_port() {
        for (address, read) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("unknown", "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", &[address], &["10.0.0.0/8"]), read);
        }
    }

    #[test]
    fn case_42_the_forwarded_header_is_read_if_it_is_chosen() {
        let forwarded = |list| client(ForwardedHeader::Forwarded, "10.0.0.1", &[list], &["10.0.0.0/8"]);
        assert_eq!(forwarded("for=1.2.3.4, For=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.1"), "2001:db8::1");
        assert_eq!(forwarded("for=203.0.113.9:4711"), "203.0.113.9");
        assert_eq!(forwarded("for=_hidden"), "10.0.0.1");
        assert_eq!(forwarded("proto=https"), "10.0.0.1");
        let spoofed = HeaderMap::from_iter([(header::FORWARDED, HeaderValue::from_static("for=1.2.3.4"))]);
        let proxies = TrustedProxies::new(["10.0.0.0/8".parse().unwrap()], ForwardedHeader::XForwardedFor);
        assert_eq!(proxies.client("10.0.0.1".parse().unwrap(), &spoofed).to_string(), "10.0.0.1", "the header that was not chosen");
    }

    #[test]
    fn case_22_the_scheme_is_the_one_that_the_last_proxy_tells() {
        let headers = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
        };
        let (proxy, other): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [203, 0, 113, 9].into());
        let trusted = |header| TrustedProxies::new(["10.0.0.0/8".parse().unwrap()], header);
        let x = trusted(ForwardedHeader::XForwardedFor);
        assert!(x.is_https(proxy, &headers("x-forwarded-proto", "https")));
        assert!(!x.is_https(other, &headers("x-forwarded-proto", "https")));
        assert!(!x.is_https(proxy, &headers("forwarded", "proto=https")));
        let forwarded = trusted(ForwardedHeader::Forwarded);
        assert!(forwarded.is_https(proxy, &headers("forwarded", "for=1.2.3.4;proto=http, for=5.6.7.8;proto=https")));
        assert!(!forwarded.is_https(proxy, &headers("forwarded", "proto=https, for=5.6.7.8;proto=http")));
    }
}
