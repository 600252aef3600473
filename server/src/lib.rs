//! Wugan's backend: accounts, two tokens, rotation with theft detection.
//!
//! `rotation`, `tokens`, `passwords`, `accounts` and `sessions` are the rules, without HTTP; `http` is one file per resource;
//! `store` is the database; `web` serves the app's files. [`serve::Server`] puts them together, for `main` and for tests.

pub mod accounts;
pub mod app;
pub mod clock;
pub mod commands;
pub mod config;
pub mod error;
pub mod http;
pub mod keys;
pub mod limits;
pub mod liveness;
pub mod metrics;
pub mod passwords;
mod revocation;
pub mod rotation;
pub mod serve;
pub mod sessions;
pub mod store;
pub mod tokens;
pub mod web;
