#![doc = include_str!("../README.md")]

mod browser;
mod executor;
mod keys;
mod locks;
mod message;
mod network;
mod server;
mod simulation;
mod store;
mod tab;
mod urls;

pub use server::{Fault, ReusePolicy, Server, Stats};
pub use simulation::{API, Running, Simulation};
pub use tab::Tab;
/// What the browser tells a tab, and how its storage fails.
pub use wugan::platform::{PlatformEvent, StoreError};
