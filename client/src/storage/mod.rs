//! The record that all tabs share, and the lock around its exchange.

pub(crate) mod lock;
pub(crate) mod record;
pub(crate) mod store;
pub(crate) mod stored_text;
