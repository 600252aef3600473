//! The client of a request, as far as the server can distinguish clients.

use crate::{dpop::PresentedProof, network::client_network, store::audit::Entry};
use std::net::IpAddr;

/// How many characters of a `User-Agent` are stored.
const MAX_USER_AGENT: usize = 255;

/// The client of a request: its address, its `User-Agent`, and its DPoP proof.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The DPoP proof that it sent. A session that starts with one is bound to its key.
    pub proof: PresentedProof,
}

impl Device {
    /// An entry of the audit trail for this client.
    pub(crate) fn entry(&self, user_id: Option<i64>) -> Entry {
        Entry { user_id, ip: self.address(), user_agent: self.stored_agent(), ..Entry::default() }
    }

    /// The `User-Agent` as it is stored: its first 255 characters, without NUL, which PostgreSQL does not store.
    pub(crate) fn stored_agent(&self) -> Option<String> {
        self.user_agent.as_ref().map(|agent| agent.chars().filter(|c| *c != '\0').take(MAX_USER_AGENT).collect())
    }

    /// The address as text.
    pub(crate) fn address(&self) -> Option<String> {
        self.ip.map(|ip| ip.to_string())
    }

    /// The client's network.
    pub(crate) fn network(&self) -> Option<IpAddr> {
        self.ip.map(client_network)
    }
}
