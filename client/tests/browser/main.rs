//! The client in a real browser, most of it against a real server. A name `case_NN_…` refers to row NN of
//! `docs/cases.md`.
//!
//! `cargo xtask test browser` starts the server with strict reuse detection and access tokens that live for two seconds, and passes its
//! address at compile time.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod allowed_origins;
#[cfg(feature = "leptos")]
mod bindings;
mod cancellation;
mod clocks;
#[cfg(feature = "oidc")]
mod discovery;
mod errors;
mod events;
mod expiry;
mod fixture;
mod outages;
mod page;
#[cfg(feature = "dpop")]
mod proofs;
#[cfg(feature = "oidc")]
mod providers;
mod rejection;
mod request_bodies;
mod request_options;
mod responses;
mod session_changes;
mod storage_failures;
mod stored_record;
mod tabs;
mod token_refresh;
mod undo;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
