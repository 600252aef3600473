//! The end-to-end tests in one program, so that all of them share its threads. Lighthouse measures alone, in `lighthouse`.

mod accessible;
mod account;
mod axum;
mod cookie;
mod dpop;
mod engine;
mod engine_pages;
mod engines;
mod examples;
mod foreign;
mod inspector;
mod keyboard;
mod oidc;
mod outage;
mod pages;
mod refresh;
mod start;
mod tabs;
