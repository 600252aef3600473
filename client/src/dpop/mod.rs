//! Sender-constrained tokens (RFC 9449): each request carries a proof, signed with a key that cannot leave the browser. A copy of the
//! tokens is worthless without that key.

pub(crate) mod key;
pub(crate) mod proof;
pub(crate) mod servers;

pub(crate) use key::Dpop;
