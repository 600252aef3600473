//! A real browser against the real server: everything that the scenarios in `tests/` need, and nothing of the app but what a person sees.
//!
//! A [`scenario`] starts the built server on a database of its own and a browser, runs, and ends both, also when it fails. `cargo xtask test e2e`
//! builds and installs what it takes; these variables name it for a run by hand:
//!
//! | variable | what | default |
//! | --- | --- | --- |
//! | `WUGAN_SERVER_BIN` | the server's program | `target/debug/wugan-server` |
//! | `WUGAN_WEB_ROOT` | the built app | `dist` |
//! | `WUGAN_DPOP_PAGE` | the page of `examples/dpop` | `target/example-pages/wugan-example-dpop` |
//! | `WUGAN_AXE` | axe-core's `axe.min.js` | none: what needs it fails |
//! | `CHROMEDRIVER`, `GECKODRIVER`, `WEBKITDRIVER` | the driver of Chromium, Firefox, WebKitGTK | the one on `PATH` |
//! | `WUGAN_SCREENSHOTS` | a folder for pictures; a failure leaves one too | none are taken |

mod axe;
mod axum_example;
mod browser;
mod cookie_backend;
mod elsewhere;
mod ensemble;
mod in_engines;
mod keyboard;
mod look;
mod network;
mod openid_provider;
mod page;
mod pages;
mod people;
mod proxy;
mod record;
mod server;
mod tabs;
mod wait;

use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt;

pub use axum_example::AxumExample;
pub use browser::{Engine, Tab};
pub use cookie_backend::CookieBackend;
pub use elsewhere::Elsewhere;
pub use ensemble::Ensemble;
pub use look::{Language, Look};
pub use openid_provider::{Grants, OpenIdProvider};
pub use page::{Page, Summary};
pub use pages::Pages;
pub use people::PASSWORD;
pub use proxy::{Proxy, Trouble};
pub use record::Record;
pub use server::{Refreshes, Server};
pub use thirtyfour::Key;
pub use wait::{PATIENCE, until};

/// What a scenario ends with.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// Why a scenario failed, written for a person: the test program prints it as it is.
pub struct Failure(String);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: fmt::Display> From<E> for Failure {
    fn from(reason: E) -> Self {
        Self(reason.to_string())
    }
}

/// What a scenario plays on.
pub struct Stage {
    /// The running server.
    pub server: Server,
    /// The browser's page, empty at first.
    pub page: Page,
}

/// Runs a scenario in Chromium, against a server with these flags.
///
/// # Errors
/// The scenario's own, or what kept the server or the browser from starting.
pub async fn scenario(name: &str, flags: &[&str], play: impl AsyncFnOnce(&mut Stage) -> Result) -> Result {
    run(Engine::Chromium, name, flags, &[], play).await
}

/// Runs a scenario in a Chromium with these preferences.
///
/// # Errors
/// As [`scenario`].
pub async fn scenario_in(
    name: &str,
    flags: &[&str],
    preferences: &[(&str, serde_json::Value)],
    play: impl AsyncFnOnce(&mut Stage) -> Result,
) -> Result {
    run(Engine::Chromium, name, flags, preferences, play).await
}

/// Runs a scenario in a browser with this engine.
///
/// # Errors
/// As [`scenario`].
pub async fn scenario_on(engine: Engine, name: &str, flags: &[&str], play: impl AsyncFnOnce(&mut Stage) -> Result) -> Result {
    run(engine, &format!("{name}-{engine}"), flags, &[], play).await
}

async fn run(
    engine: Engine,
    name: &str,
    flags: &[&str],
    preferences: &[(&str, serde_json::Value)],
    play: impl AsyncFnOnce(&mut Stage) -> Result,
) -> Result {
    let server = Server::start(flags).await?;
    let browser = browser::Browser::start(engine, preferences).await?;
    let page = Page::new(browser.driver(), &server.url());
    let mut stage = Stage { server, page: page.clone() };
    // The browser is ended also after a failed assertion.
    let played = AssertUnwindSafe(play(&mut stage)).catch_unwind().await;
    if !matches!(played, Ok(Ok(()))) {
        // A screenshot that cannot be taken must not hide why the scenario failed.
        let _ = page.screenshot(&format!("failed-{name}")).await;
    }
    browser.end().await?;
    played.unwrap_or_else(|panic| resume_unwind(panic))
}
