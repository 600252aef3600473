//! Serves the files of an example's page on another origin.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;

use crate::{Result, server::from_env};

/// A running file server. Dropping it ends it.
pub struct Pages {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Pages {
    /// Serves the page of `examples/dpop`, which `cargo xtask test e2e` builds, at a free port.
    ///
    /// # Errors
    /// The page was not built, or no port is free.
    pub async fn of_dpop_example() -> Result<Self> {
        let folder = from_env("WUGAN_TEST_DPOP_PAGE", "target/example-pages/wugan-example-dpop");
        if !folder.join("index.html").exists() {
            return Err(format!("{} has no page; `cargo xtask test e2e` builds it", folder.display()).into());
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            // Returns only when the task is aborted.
            let _ = axum::serve(listener, Router::new().fallback_service(ServeDir::new(folder))).await;
        });
        Ok(Self { address, serving })
    }

    /// The page's origin: `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
