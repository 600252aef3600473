//! A site of another origin, which records the heads of all requests. Tests check that no token is sent to it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;

/// A running site. Dropping it ends it.
pub struct ForeignSite {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl ForeignSite {
    /// Starts it at a free port. It answers 401 to all requests, readable by pages of all origins.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let recorded = heads.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let recorded = recorded.clone();
                tokio::spawn(async move { answer(browser, &recorded).await });
            }
        });
        Ok(Self { address, heads, accepting })
    }

    /// The site's address: `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        self.address.clone()
    }

    /// The heads of the requests so far, in lower case.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ForeignSite {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(mut browser: TcpStream, recorded: &Mutex<Vec<String>>) -> Result {
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if browser.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    recorded.lock().unwrap_or_else(PoisonError::into_inner).push(String::from_utf8_lossy(&head).to_lowercase());
    // A CORS preflight allows everything, so that the browser would send a token if the page set one.
    let status = if head.starts_with(b"OPTIONS") { "204 No Content" } else { "401 Unauthorized" };
    let allowed = "access-control-allow-origin: *\r\naccess-control-allow-headers: *, authorization\r\naccess-control-allow-methods: *\r\n";
    browser.write_all(format!("HTTP/1.1 {status}\r\n{allowed}content-length: 0\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    Ok(browser.shutdown().await?)
}
