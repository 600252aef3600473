//! The end-to-end tests in one program, so that all of them share its threads. Lighthouse measures alone, in `lighthouse`.

mod accessible;
mod account;
mod axum;
mod browser_pages;
mod browsers;
mod cookie;
mod dpop;
mod examples;
mod foreign;
mod inspector;
mod keyboard;
mod oidc;
mod outage;
mod pages;
mod refresh;
mod session_engine;
mod start;
mod tabs;
