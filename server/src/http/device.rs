//! Where a request comes from: the peer's address, or what a trusted proxy says of it.

use crate::{app::App, sessions::Device};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use ipnet::IpNet;
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What is kept of a `User-Agent`.
const LONGEST: usize = 255;

impl FromRequestParts<Arc<App>> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let ip = parts.extensions.get::<Peer>().map(|peer| client(peer.0.ip(), &parts.headers, &app.config.trusted_proxy));
        Ok(Self { user_agent: agent.map(|agent| agent.chars().take(LONGEST).collect()), ip })
    }
}

/// The address nearest to us that is not one of our proxies. What a proxy was told by others is not believed: each appends the
/// address it was called from, so the list is read from its end.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_ours = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip.to_canonical()));
    let mut client = peer.to_canonical();
    // Bytes: what a caller wrote before it must not make what a proxy appended unreadable.
    let lists: Vec<&[u8]> = headers.get_all("x-forwarded-for").iter().map(HeaderValue::as_bytes).collect();
    for hop in lists.iter().rev().flat_map(|list| list.rsplit(|byte| *byte == b',')) {
        if !is_ours(client) {
            break;
        }
        let Some(ip) = str::from_utf8(hop).ok().and_then(|hop| hop.trim().parse::<IpAddr>().ok()) else { break };
        client = ip.to_canonical();
    }
    client
}

/// Whether the browser's own connection is encrypted, as far as a trusted proxy says so.
pub(super) fn is_https(peer: Option<&Peer>, headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    let from_ours = peer.is_some_and(|peer| trusted.iter().any(|net| net.contains(&peer.0.ip().to_canonical())));
    from_ours && headers.get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let value = |list: &str| HeaderValue::from_bytes(list.as_bytes()).unwrap();
        let headers = forwarded.iter().map(|list| ("x-forwarded-for".parse().unwrap(), value(list))).collect();
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn case_17_forwarded_addresses_are_believed_from_trusted_proxies_only() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(
            seen("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"], &["10.0.0.0/8"]),
            "198.51.100.1",
            "the caller's own claim is not believed"
        );
        assert_eq!(seen("10.0.0.1", &["1.2.3.4", "198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1", "two headers are one list");
        assert_eq!(seen("::ffff:10.0.0.1", &["2001:db8::1"], &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &["ü, 198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1", "nor does it hide him");
        assert_eq!(seen("10.0.0.1", &["rubbish"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }
}
