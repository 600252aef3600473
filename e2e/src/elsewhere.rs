//! Another site than ours, which takes whatever comes and remembers it: it must never see a token.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;

/// A running site; dropped, it ends.
pub struct Elsewhere {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Elsewhere {
    /// Starts it, at a free port. It says 401 to everything, and lets pages of all origins read that.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let seen = seen.clone();
                tokio::spawn(async move { answer(browser, &seen).await });
            }
        });
        Ok(Self { address, heads, accepting })
    }

    /// Where it is: `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        self.address.clone()
    }

    /// The requests that came, without their bodies.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(mut browser: TcpStream, seen: &Mutex<Vec<String>>) -> Result {
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if browser.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(String::from_utf8_lossy(&head).to_lowercase());
    // A browser that asks first (CORS) is told that it may do everything.
    let status = if head.starts_with(b"OPTIONS") { "204 No Content" } else { "401 Unauthorized" };
    let allowed = "access-control-allow-origin: *\r\naccess-control-allow-headers: *, authorization\r\naccess-control-allow-methods: *\r\n";
    browser.write_all(format!("HTTP/1.1 {status}\r\n{allowed}content-length: 0\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    Ok(browser.shutdown().await?)
}
