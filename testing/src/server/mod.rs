//! The simulated backend: accounts, sessions with rotating refresh tokens, a few routes, and faults on request.

mod dpop;
mod in_flight;
mod monitor;
mod rotation;
mod routes;
mod state;

pub use rotation::ReusePolicy;
pub use state::{Fault, Server, Stats};
