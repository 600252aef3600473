//! A proxy between the browser and the server that simulates network faults: held and dropped responses, closed connections, redirects.
//!
//! Each connection carries one request, so that the end of a response is the end of its connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::{Failure, Result, until};

/// What the proxy does with requests to a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Forwards the request and holds the response until the fault is cleared.
    HoldResponses,
    /// Forwards the request and closes the connection in place of the response.
    DropResponses,
    /// Closes the connection without forwarding the request.
    Refuse,
    /// Answers 503 without forwarding the request.
    Unavailable,
    /// Redirects with this status and location without forwarding the request.
    Redirect(u16, String),
}

/// A running proxy. Dropping it ends it.
pub struct Proxy {
    address: String,
    faults: watch::Sender<HashMap<String, Fault>>,
    answered: Answered,
    accepting: tokio::task::JoinHandle<()>,
}

/// The number of requests that the server has answered, by path.
type Answered = Arc<Mutex<HashMap<String, u64>>>;

impl Proxy {
    /// Starts it at a free port, for the server at this address.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(server: &str) -> Result<Self> {
        let server = server.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let (faults, receiver) = watch::channel(HashMap::new());
        let answered = Answered::default();
        let counts = answered.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let (server, receiver, counts) = (server.clone(), receiver.clone(), counts.clone());
                // A broken connection ends its task and is closed on both sides.
                tokio::spawn(async move { forward(browser, &server, receiver, &counts).await });
            }
        });
        Ok(Self { address, faults, answered, accepting })
    }

    /// The proxy's address: `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        self.address.clone()
    }

    /// Applies a fault to requests to a path from now on.
    pub fn set_fault(&self, path: &str, fault: Fault) {
        self.faults.send_modify(|faults| drop(faults.insert(path.to_owned(), fault)));
    }

    /// Clears the fault of a path and sends the held responses.
    pub fn clear_fault(&self, path: &str) {
        self.faults.send_modify(|faults| drop(faults.remove(path)));
    }

    /// Waits until the server has answered this number of requests to a path.
    ///
    /// # Errors
    /// It has not answered them in time.
    pub async fn server_answered(&self, path: &str, number: u64) -> Result {
        until(&format!("response {number} of {path}"), async || Ok((self.answered(path) >= number).then_some(()))).await
    }

    fn answered(&self, path: &str) -> u64 {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied().unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(mut browser: TcpStream, server: &str, mut faults: watch::Receiver<HashMap<String, Fault>>, answered: &Answered) -> Result {
    let Some(request) = Request::read(&mut browser).await? else { return Ok(()) };
    let fault = faults.borrow().get(&request.path).cloned();
    match &fault {
        Some(Fault::Refuse) => return Ok(()),
        Some(Fault::Unavailable) => {
            let response = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return Ok(browser.write_all(response.as_bytes()).await?);
        }
        Some(Fault::Redirect(status, to)) => {
            let response = format!("HTTP/1.1 {status} Redirect\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            return Ok(browser.write_all(response.as_bytes()).await?);
        }
        _ => {}
    }
    let mut upstream = TcpStream::connect(server).await?;
    upstream.write_all(&request.bytes).await?;
    let mut response = Vec::new();
    upstream.read_to_end(&mut response).await?;
    *answered.lock().unwrap_or_else(PoisonError::into_inner).entry(request.path.clone()).or_default() += 1;
    match fault {
        Some(Fault::DropResponses) => return Ok(()),
        Some(Fault::HoldResponses) => {
            faults.wait_for(|faults| faults.get(&request.path) != Some(&Fault::HoldResponses)).await?;
        }
        _ => {}
    }
    browser.write_all(&response).await?;
    Ok(browser.shutdown().await?)
}

/// A request whose header `Connection` was replaced by `close`.
struct Request {
    path: String,
    bytes: Vec<u8>,
}

impl Request {
    /// Reads a request; `None` if the connection is closed before one arrived, as browsers do with spare connections.
    async fn read(from: &mut TcpStream) -> Result<Option<Self>> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if from.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        };
        let text = std::str::from_utf8(&bytes[..head])?;
        let (first, headers) = text.split_once("\r\n").ok_or_else(|| Failure::from("a request without headers"))?;
        let path = first.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
        let named = |line: &str, name: &str| line.split_once(':').is_some_and(|(given, _)| given.eq_ignore_ascii_case(name));
        let length =
            headers.lines().find(|line| named(line, "content-length")).and_then(|line| line.split_once(':')?.1.trim().parse().ok());
        let others = headers.lines().filter(|line| !named(line, "connection")).map(|line| format!("{line}\r\n"));
        let changed = format!("{first}\r\n{}connection: close\r\n\r\n", others.collect::<String>());
        let mut body = bytes.split_off(head + 4);
        while body.len() < length.unwrap_or(0) {
            if from.read_buf(&mut body).await? == 0 {
                return Ok(None);
            }
        }
        Ok(Some(Self { path, bytes: [changed.into_bytes(), body].concat() }))
    }
}
