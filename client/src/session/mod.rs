//! The session: signing in and out, a valid access token, and events.

mod access_token;
mod auto_refresh;
pub(crate) mod backoff;
mod cookie_lock;
#[cfg(feature = "devtools")]
mod devtools;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod handle;
pub(crate) mod in_flight;
mod info;
#[cfg(feature = "dpop")]
mod key_check;
mod listener;
mod migration;
mod refresh;
pub(crate) mod refusals;
mod sign_out_mark;

pub use access_token::AccessToken;
pub use event::{Event, Outcome, RefreshResult, RefreshTrigger, TimedEvent};
pub use events::Subscription;
pub use handle::Session;
pub(crate) use handle::{Migration, Settings};
pub use info::{AuthState, SessionInfo};
