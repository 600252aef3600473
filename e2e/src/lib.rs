//! End-to-end tests: a real browser against the built server. The scenarios are in `tests/`.
//!
//! A [`scenario`] starts the server with a new database, and a browser; it ends both, also after a failure. `cargo xtask test e2e` builds
//! and installs the programs; a run by hand finds them by these variables:
//!
//! | variable | value | default |
//! | --- | --- | --- |
//! | `WUGAN_TEST_SERVER_BIN` | the server's program | `target/debug/wugan-server` |
//! | `WUGAN_WEB_ROOT` | the built app | `dist` |
//! | `WUGAN_TEST_AXUM_PAGE`, `…_COOKIE_PAGE`, `…_DPOP_PAGE`, `…_OIDC_PAGE` | the page of this example | `target/example-pages/` and its package |
//! | `WUGAN_TEST_BARE_PAGE`, `…_LEPTOS_PAGE` | the page of this example | none: its tests fail |
//! | `WUGAN_TEST_AXUM_BIN` | the program of `examples/axum` | `target/debug/wugan-example-axum` |
//! | `WUGAN_TEST_SSR_BIN`, `WUGAN_TEST_SSR_PKG` | the server of `examples/ssr`, and the folder with its browser part | `target/debug/wugan-example-ssr`, `target/example-pages/wugan-example-ssr` |
//! | `WUGAN_TEST_FOREIGN_PAGE` | the page of `e2e/foreign_page` | `target/example-pages/wugan-e2e-foreign-page` |
//! | `WUGAN_TEST_EXPRESS` | the folder `node_modules` with npm's `express` | `node_modules` |
//! | `WUGAN_TEST_DJANGO` | the folder with Django | `target/django` |
//! | `WUGAN_TEST_NEST_DATABASE` | the URL of an empty MariaDB database | none: the tests with NestJS fail |
//! | `WUGAN_TEST_OIDC_PROVIDER` | the folder `node_modules` with npm's `oidc-provider` | `node_modules` |
//! | `WUGAN_TEST_AXE` | axe-core's `axe.min.js` | none: tests that need it fail |
//! | `WUGAN_TEST_LIGHTHOUSE` | the folder `node_modules` with npm's `lighthouse` | none: its tests fail |
//! | `CHROMEDRIVER`, `GECKODRIVER`, `WEBKITDRIVER` | the driver of Chromium, Firefox, WebKitGTK | the one on `PATH` |
//! | `WUGAN_TEST_SCREENSHOTS` | a folder for screenshots, also of each failure | none are taken |

mod app_files;
mod appearance;
mod axe;
mod browser;
mod cookie_backend;
mod devtools;
mod example_program;
mod fetch;
mod foreign_backend;
mod foreign_site;
mod in_browsers;
mod keyboard;
mod lighthouse;
mod openid_provider;
mod page;
mod pages;
mod proof;
mod proxy;
mod record;
mod server;
mod steps;
mod tab_group;
mod wait;

use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt;

pub use app_files::AppFiles;
pub use appearance::{Appearance, Language};
pub use browser::{BrowserEngine, Tab};
pub use cookie_backend::CookieBackend;
pub use example_program::ExampleProgram;
pub use foreign_backend::{Foreign, ForeignBackend};
pub use foreign_site::ForeignSite;
pub use lighthouse::{Scores, lighthouse};
pub use openid_provider::{Grants, OpenIdProvider};
pub use page::{Page, Summary};
pub use pages::Pages;
pub use proxy::{Fault, Proxy};
pub use record::Record;
pub use server::{Refreshes, Server};
pub use steps::PASSWORD;
pub use tab_group::TabGroup;
pub use thirtyfour::Key;
pub use wait::{TIMEOUT, until};

/// The result of a scenario or of a step.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// Why a scenario failed. Its `Debug` is the text, because the test program prints that.
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

/// The server and the browser of a scenario.
pub struct Context {
    /// The running server.
    pub server: Server,
    /// The browser's current tab, empty at first.
    pub page: Page,
}

/// Runs a scenario in Chromium, against a server with these flags.
///
/// # Errors
/// The scenario fails, or the server or the browser does not start.
pub async fn scenario(name: &str, flags: &[&str], run: impl AsyncFnOnce(&mut Context) -> Result) -> Result {
    start_and_run(BrowserEngine::Chromium, name, flags, &[], run).await
}

/// Runs a scenario in a Chromium with these preferences.
///
/// # Errors
/// As [`scenario`].
pub async fn scenario_with_preferences(
    name: &str,
    flags: &[&str],
    preferences: &[(&str, serde_json::Value)],
    run: impl AsyncFnOnce(&mut Context) -> Result,
) -> Result {
    start_and_run(BrowserEngine::Chromium, name, flags, preferences, run).await
}

/// Runs a scenario in this browser.
///
/// # Errors
/// As [`scenario`].
pub async fn scenario_in_browser(
    engine: BrowserEngine,
    name: &str,
    flags: &[&str],
    run: impl AsyncFnOnce(&mut Context) -> Result,
) -> Result {
    start_and_run(engine, &format!("{name}-{engine}"), flags, &[], run).await
}

async fn start_and_run(
    engine: BrowserEngine,
    name: &str,
    flags: &[&str],
    preferences: &[(&str, serde_json::Value)],
    run: impl AsyncFnOnce(&mut Context) -> Result,
) -> Result {
    let server = Server::start(flags).await?;
    let browser = browser::Browser::start(engine, preferences).await?;
    let page = Page::new(browser.driver(), &server.url());
    let mut context = Context { server, page: page.clone() };
    // A failed assertion panics; the browser is ended then, too.
    let result = AssertUnwindSafe(run(&mut context)).catch_unwind().await;
    if !matches!(result, Ok(Ok(()))) {
        // An error of the screenshot must not replace the scenario's own.
        let _ = page.screenshot(&format!("failed-{name}")).await;
    }
    browser.end().await?;
    result.unwrap_or_else(|panic| resume_unwind(panic))
}
