//! A proxy between the browser and the server, on a socket of its own, that does what networks do: it is slow, it loses answers that
//! the server has given, it refuses, it redirects. The server knows nothing of it.
//!
//! One request per connection: it says so to both sides, and need not know where one ends and the next begins.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::{Failure, Result, until};

/// What it does to requests of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The server gets them and answers; the answers are kept back until the trouble is over.
    HoldAnswers,
    /// The server gets them and answers; the answers are lost.
    LoseAnswers,
    /// The server gets nothing; the connection is closed.
    Refuse,
    /// The server gets nothing; the answer is 503, as of one whose database is away.
    Busy,
    /// The server gets nothing; they are sent elsewhere, with this status.
    Redirect(u16, String),
}

/// A running proxy; dropped, it ends.
pub struct Proxy {
    address: String,
    troubles: watch::Sender<HashMap<String, Trouble>>,
    asked: Asked,
    accepting: tokio::task::JoinHandle<()>,
}

/// How many requests of a path the server has answered.
type Asked = Arc<Mutex<HashMap<String, u64>>>;

impl Proxy {
    /// Starts it, at a free port, before a server.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn before(server: &str) -> Result<Self> {
        let server = server.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let (troubles, seen) = watch::channel(HashMap::new());
        let asked = Asked::default();
        let count = asked.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let (server, seen, count) = (server.clone(), seen.clone(), count.clone());
                // A connection that breaks is the two sides' affair.
                tokio::spawn(async move { pass(browser, &server, seen, &count).await });
            }
        });
        Ok(Self { address, troubles, asked, accepting })
    }

    /// Where it is: `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        self.address.clone()
    }

    /// Makes trouble for a path, from now on.
    pub fn trouble(&self, path: &str, trouble: Trouble) {
        self.troubles.send_modify(|troubles| drop(troubles.insert(path.to_owned(), trouble)));
    }

    /// Lets it be, and lets go of what is held.
    pub fn mend(&self, path: &str) {
        self.troubles.send_modify(|troubles| drop(troubles.remove(path)));
    }

    /// Waits until the server has answered so many requests of a path.
    ///
    /// # Errors
    /// If it has not in time.
    pub async fn server_answered(&self, path: &str, times: u64) -> Result {
        until(&format!("the server's answer number {times} from {path}"), async || Ok((self.answered(path) >= times).then_some(()))).await
    }

    fn answered(&self, path: &str) -> u64 {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied().unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(mut browser: TcpStream, server: &str, mut troubles: watch::Receiver<HashMap<String, Trouble>>, asked: &Asked) -> Result {
    let Some(request) = Request::read(&mut browser).await? else { return Ok(()) };
    let trouble = troubles.borrow().get(&request.path).cloned();
    match &trouble {
        Some(Trouble::Refuse) => return Ok(()),
        Some(Trouble::Busy) => {
            let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return Ok(browser.write_all(answer.as_bytes()).await?);
        }
        Some(Trouble::Redirect(status, to)) => {
            let answer = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            return Ok(browser.write_all(answer.as_bytes()).await?);
        }
        _ => {}
    }
    let mut upstream = TcpStream::connect(server).await?;
    upstream.write_all(&request.bytes).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    *asked.lock().unwrap_or_else(PoisonError::into_inner).entry(request.path.clone()).or_default() += 1;
    match trouble {
        Some(Trouble::LoseAnswers) => return Ok(()),
        Some(Trouble::HoldAnswers) => {
            troubles.wait_for(|troubles| troubles.get(&request.path) != Some(&Trouble::HoldAnswers)).await?;
        }
        _ => {}
    }
    browser.write_all(&answer).await?;
    Ok(browser.shutdown().await?)
}

/// A request as it came, but for `Connection: close`.
struct Request {
    path: String,
    bytes: Vec<u8>,
}

impl Request {
    /// Browsers open connections that they then do not use: None.
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
        let kept = headers.lines().filter(|line| !named(line, "connection")).map(|line| format!("{line}\r\n"));
        let changed = format!("{first}\r\n{}connection: close\r\n\r\n", kept.collect::<String>());
        let mut body = bytes.split_off(head + 4);
        while body.len() < length.unwrap_or(0) {
            if from.read_buf(&mut body).await? == 0 {
                return Ok(None);
            }
        }
        Ok(Some(Self { path, bytes: [changed.into_bytes(), body].concat() }))
    }
}
