//! One sending of one request.

#[cfg(feature = "dpop")]
mod proven;
pub(crate) mod send_once;

pub(crate) use send_once::{Transport, without_redirects};
