//! An answer: its status and headers, and its body once.

use crate::{
    clock::Stamp,
    error::Error,
    platform::{Answer, Platform},
    transport::within,
};
use serde::de::DeserializeOwned;
use std::{any::Any, fmt, rc::Rc, time::Duration};

/// What came back.
pub struct Response {
    answer: Box<dyn Answer>,
    /// When it left the server, for tokens that are in it.
    pub(crate) stamp: Stamp,
    /// What the request's deadline left for reading the body, and who counts it.
    left: Option<(Rc<dyn Platform>, Duration)>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Response {
    pub(crate) fn new(answer: Box<dyn Answer>, stamp: Stamp) -> Response {
        Response { answer, stamp, left: None }
    }

    /// Lets reading the body take so long.
    pub(crate) fn leaving(self, platform: Rc<dyn Platform>, time: Duration) -> Response {
        Response { left: Some((platform, time)), ..self }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.status()
    }

    /// Whether the status is one of success, 200 to 299.
    #[must_use]
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status())
    }

    /// A header's value. From another origin, only what the server exposes can be seen.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.answer.header(name)
    }

    /// Where it came from, redirects followed. Empty: from where it was asked.
    #[must_use]
    pub fn url(&self) -> String {
        self.answer.url()
    }

    /// The body as bytes. Reading it may take what the head of the answer left of the request's deadline.
    ///
    /// # Errors
    /// [`Error::Network`] if it breaks off, [`Error::Timeout`] if it takes too long.
    pub async fn bytes(self) -> Result<Vec<u8>, Error> {
        self.read().await
    }

    /// Reads the body, and keeps the headers.
    pub(crate) async fn read(&self) -> Result<Vec<u8>, Error> {
        let reading = self.answer.bytes();
        match &self.left {
            Some((platform, time)) => within(&**platform, *time, reading).await.flatten(),
            None => reading.await,
        }
    }

    /// The body as text; what is not UTF-8 in it is replaced, as a browser does.
    ///
    /// # Errors
    /// As [`Response::bytes`].
    pub async fn text(self) -> Result<String, Error> {
        let bytes = self.bytes().await?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// As [`Response::bytes`], and [`Error::Body`] if it is something else.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let bytes = self.bytes().await?;
        // The message of a JSON error can quote the text; its place cannot.
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::Body(format!("not the expected JSON, at line {} column {}", error.line(), error.column())))
    }

    /// The platform's own answer: in a browser a [`web_sys::Response`](https://docs.rs/web-sys), by [`Box::downcast`].
    #[must_use]
    pub fn into_inner(self) -> Box<dyn Any> {
        self.answer.into_any()
    }
}
