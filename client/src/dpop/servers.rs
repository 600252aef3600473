//! Per origin: the latest nonce (RFC 9449 §8), and the server's time if that differs from the known one. Both are used for
//! the next proof, so that it costs no second round trip.

use crate::time::timestamp::Timestamp;
use std::cell::RefCell;

/// A client talks to few servers, and a map takes more code.
#[derive(Default)]
pub(crate) struct Servers(RefCell<Vec<Server>>);

#[derive(Clone, Default)]
pub(crate) struct Server {
    pub(crate) origin: String,
    pub(crate) nonce: Option<String>,
    /// A response that refused a proof for its time.
    pub(crate) time: Option<Timestamp>,
}

impl Servers {
    pub(crate) fn of(&self, origin: &str) -> Server {
        let known = self.0.borrow().iter().find(|server| server.origin == origin).cloned();
        known.unwrap_or_else(|| Server { origin: origin.to_owned(), ..Server::default() })
    }

    pub(crate) fn set(&self, server: Server) {
        let mut servers = self.0.borrow_mut();
        servers.retain(|known| known.origin != server.origin);
        servers.push(server);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_a_nonce_of_its_own() {
        let servers = Servers::default();
        for (origin, nonce) in [("https://a", "1"), ("https://b", "2"), ("https://a", "3")] {
            servers.set(Server { nonce: Some(nonce.into()), ..servers.of(origin) });
        }
        let nonces = ["https://a", "https://b", "https://c"].map(|origin| servers.of(origin).nonce);
        assert_eq!(nonces, [Some("3".into()), Some("2".into()), None]);
    }
}
