//! The client in a real browser against the real server. Names tell the case of the table of what goes wrong in such clients.
//!
//! `cargo xtask test browser` starts the server, strict and with tokens that live two seconds, and names it at compile time.

#![cfg(all(target_arch = "wasm32", feature = "browser"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[cfg(feature = "leptos")]
mod bindings;
mod bodies;
mod callbacks;
mod clocks;
mod due;
mod locks;
mod origins;
mod page;
mod people;
mod rejected;
mod replay;
mod storage;
mod trouble;
mod waiters;
mod world;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
