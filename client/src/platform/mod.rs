//! What the engine needs from outside: fetch, storage, locks, clocks, timers, events.
//!
//! On wasm32 this is the browser, in tests the simulator of `wugan-testing`, and natively an inert platform for server-side rendering.
//! The trait is public for the simulator and may change in any release.

pub(crate) mod body;
#[cfg(target_arch = "wasm32")]
pub(crate) mod browser;
pub(crate) mod event;
pub(crate) mod guard;
pub(crate) mod host;
pub(crate) mod in_memory;
#[cfg(not(target_arch = "wasm32"))]
mod inert;
pub(crate) mod interface;
pub(crate) mod listener;
pub(crate) mod random_id;
pub(crate) mod request;
pub(crate) mod response;
#[cfg(feature = "dpop")]
pub(crate) mod signing_key;
pub(crate) mod storage;
pub(crate) mod timeout;

#[cfg(all(feature = "leptos", target_arch = "wasm32"))]
pub(crate) use browser::{events::subscribe, storage::is_stored};
#[cfg(all(feature = "leptos", not(target_arch = "wasm32")))]
pub(crate) use inert::{is_stored, subscribe};

pub use event::PlatformEvent;
pub use guard::Guard;
pub use host::Host;
pub(crate) use host::{default_platform, storage_of};
pub use interface::Platform;
pub use request::{Address, PlatformRequest, RequestHead};
pub use response::{HostResponse, PlatformResponse};
#[cfg(all(feature = "dpop", target_arch = "wasm32"))]
pub(crate) use signing_key::no_web_crypto;
#[cfg(feature = "dpop")]
pub use signing_key::{LoadedKey, SigningKey, StoredKey};
pub use storage::{Storage, StoreError};
pub(crate) use timeout::within;
