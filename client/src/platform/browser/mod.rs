//! The platform in a browser: gloo-net, gloo-storage, Web Locks, `Date.now` and `performance.now`.

pub(crate) mod events;
pub(crate) mod fetch;
#[cfg(feature = "dpop")]
mod key;
#[cfg(feature = "dpop")]
mod key_store;
mod locks;
pub(crate) mod page;
mod scope;
pub(crate) mod storage;
pub(crate) mod stream_support;
