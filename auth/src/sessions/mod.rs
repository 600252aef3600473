//! Sessions: starting, refreshing, authenticating and ending them.

mod authenticate;
mod end;
mod exchange;
mod refresh;
mod service;

pub(crate) use service::Policy;
pub use service::Sessions;
