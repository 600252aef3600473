#![doc = include_str!("../README.md")]
// In a program for browsers the client runs on the browser alone, so there this crate is empty.
#![cfg(not(target_arch = "wasm32"))]

mod browser;
mod connections;
mod cookies;
mod environment;
mod executor;
mod http_cache;
mod keys;
mod locks;
mod message;
mod network;
mod server;
mod simulation;
mod store;
mod tab;
mod tab_state;
mod urls;

pub use server::{Fault, ReusePolicy, Server, Stats};
pub use simulation::{API, Simulation};
pub use tab::{Running, Tab};
/// What the browser tells a tab, and how its storage fails.
pub use wugan::platform::{PlatformEvent, StoreError};
