//! The response: status, headers, and the body once.

use crate::{
    error::Error,
    http::redacted::redacted,
    json::without_byte_order_mark,
    platform::{Guard, Host, HostResponse, within},
    time::{date::parse_retry_after, timestamp::Timestamp},
};
use futures::{
    FutureExt, Stream, TryStreamExt,
    future::{Either, LocalBoxFuture, pending, select},
    stream,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use js_sys::{Reflect, Uint8Array};
use serde::de::DeserializeOwned;
use std::{fmt, time::Duration};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// A response whose head has arrived. Dropping it unread aborts the transfer of its body.
///
/// Boxed, because it is moved through many results: that makes the code smaller.
pub struct Response(Box<Inner>);

/// Reads a body within a time. A pointer, so that an app whose requests have no timeout does not download the function.
pub(crate) type LimitReading = for<'a> fn(&'a Host, Duration, Reading<'a>) -> Reading<'a>;

type Reading<'a> = LocalBoxFuture<'a, Result<Vec<u8>, Box<Error>>>;

pub(crate) fn limit_reading<'a>(platform: &'a Host, timeout: Duration, reading: Reading<'a>) -> Reading<'a> {
    Box::pin(async move { within(platform, timeout, reading).await? })
}

struct Inner {
    inner: HostResponse,
    requested_url: String,
    /// When the server sent it: the time of issue of the tokens in it.
    sent_at: Timestamp,
    /// The body, if it has been read already.
    buffered: Option<Vec<u8>>,
    /// How long reading the body may take.
    read_timeout: Option<(Host, Duration, LimitReading)>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status()).field("url", &redacted(&self.url())).finish_non_exhaustive()
    }
}

impl Response {
    pub(crate) fn new(inner: HostResponse, requested_url: String, sent_at: Timestamp) -> Response {
        Response(Box::new(Inner { inner, requested_url, sent_at, buffered: None, read_timeout: None }))
    }

    pub(crate) fn set_read_timeout(&mut self, platform: Host, timeout: Duration, limit: LimitReading) {
        self.0.read_timeout = Some((platform, timeout, limit));
    }

    /// When the server sent it: the time of issue of the tokens in it.
    pub(crate) fn sent_at(&self) -> Timestamp {
        self.0.sent_at
    }

    /// The status. Of an opaque response, whose status and body the browser hides, it is 418: from another origin with
    /// [`mode`](crate::RequestBuilder::mode) `NoCors`, or a redirect with [`redirect`](crate::RequestBuilder::redirect) `Manual`.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        // A browser's opaque responses have status 0, which no HTTP response has.
        StatusCode::from_u16(self.0.inner.status()).unwrap_or(StatusCode::IM_A_TEAPOT)
    }

    /// A header's value; several of one name are joined by commas. From another origin, only exposed headers are visible.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.0.inner.header(name)
    }

    /// All visible headers.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let parse = |(name, value): (String, String)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?));
        self.0.inner.headers().into_iter().filter_map(parse).collect()
    }

    /// The URL that answered, after redirects.
    #[must_use]
    pub fn url(&self) -> String {
        let url = self.0.inner.url();
        if url.is_empty() { self.0.requested_url.clone() } else { url }
    }

    /// The final URL, if it is not the requested one.
    pub(crate) fn redirected_to(&self) -> Option<String> {
        Some(self.0.inner.url()).filter(|url| !url.is_empty())
    }

    /// Turns a status of 400 and above into an error.
    ///
    /// # Errors
    /// [`Error::Status`].
    pub fn error_for_status(self) -> Result<Response, Error> {
        let status = self.status();
        if status.is_client_error() || status.is_server_error() { Err(self.status_error()) } else { Ok(self) }
    }

    pub(crate) fn status_error(&self) -> Error {
        let retry_after = self.header("retry-after").and_then(|value| parse_retry_after(&value, self.sent_at()));
        Error::Status { status: self.status(), url: redacted(&self.url()).to_owned(), retry_after }
    }

    pub(crate) fn decode_error(&self, message: impl Into<String>) -> Error {
        Error::Decode { status: self.status(), url: redacted(&self.url()).to_owned(), message: message.into() }
    }

    /// The body as bytes.
    ///
    /// # Errors
    /// [`Error::Network`] if the transfer breaks off, [`Error::Timeout`] at the request's own timeout.
    pub async fn bytes(mut self) -> Result<Vec<u8>, Error> {
        self.buffer().await?;
        Ok(self.0.buffered.take().unwrap_or_default())
    }

    /// The body, if it has been read.
    pub(crate) fn buffered(&self) -> &[u8] {
        self.0.buffered.as_deref().unwrap_or_default()
    }

    /// Reads the body and keeps it: the caller can read it again.
    /// Boxed, so that its code exists once.
    pub(crate) fn buffer(&mut self) -> LocalBoxFuture<'_, Result<(), Box<Error>>> {
        Box::pin(async {
            if self.0.buffered.is_none() {
                let reading = self.0.inner.bytes();
                let reading = match &self.0.read_timeout {
                    Some((platform, timeout, limit)) => limit(platform, *timeout, reading),
                    None => reading,
                };
                self.0.buffered = Some(reading.await?);
            }
            Ok(())
        })
    }

    /// The body as text. As in `fetch`, a byte order mark is removed and invalid UTF-8 is replaced.
    ///
    /// # Errors
    /// As [`Response::bytes`].
    pub async fn text(self) -> Result<String, Error> {
        let bytes = self.bytes().await?;
        Ok(decode(without_byte_order_mark(&bytes)))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// As [`Response::bytes`], and [`Error::Decode`], which names the first missing field.
    pub async fn json<T: DeserializeOwned>(mut self) -> Result<T, Error> {
        self.buffer().await?;
        let parsed = serde_json::from_slice(without_byte_order_mark(self.buffered())).map_err(|error| describe(&error));
        parsed.map_err(|message| self.decode_error(message))
    }

    /// The body in chunks as they arrive. Dropping the stream cancels the transfer. It ends with [`Error::Timeout`] at the request's own
    /// timeout.
    pub fn bytes_stream(self) -> impl Stream<Item = Result<Vec<u8>, Error>> {
        if self.0.buffered.is_some() {
            return Either::Left(stream::once(self.bytes()));
        }
        match self.0.inner.into_any().downcast::<(web_sys::Response, Guard)>() {
            Ok(response) => {
                let timeout = self.0.read_timeout.map_or_else(|| pending().boxed_local(), |(platform, timeout, _)| platform.sleep(timeout));
                Either::Right(Either::Left(chunks(*response, timeout)))
            }
            Err(_) => Either::Right(Either::Right(stream::once(async { Err(Error::Network("this platform has no streams".into())) }))),
        }
    }

    /// The browser's own response. Aborting its transfer is then up to the caller.
    ///
    /// # Panics
    /// Outside of a browser, where there is none.
    #[must_use]
    pub fn into_web_sys(self) -> web_sys::Response {
        let Inner { inner, buffered, .. } = *self.0;
        let status = inner.status();
        let response = inner.into_any().downcast::<(web_sys::Response, Guard)>();
        let response = response.map_or_else(|_| web_sys::Response::error(), |response| response.0);
        let Some(mut bytes) = buffered else { return response };
        let init = web_sys::ResponseInit::new();
        init.set_status(status);
        init.set_headers(&response.headers());
        web_sys::Response::new_with_opt_u8_array_and_init(Some(&mut bytes), &init).unwrap_or(response)
    }
}

impl From<Response> for web_sys::Response {
    fn from(response: Response) -> web_sys::Response {
        response.into_web_sys()
    }
}

/// Reads a `ReadableStream` of bytes. <https://streams.spec.whatwg.org/#default-reader-class>
fn chunks(
    (response, forwarding): (web_sys::Response, Guard),
    timeout: LocalBoxFuture<'static, ()>,
) -> impl Stream<Item = Result<Vec<u8>, Error>> {
    let reader = response.body().and_then(|body| body.get_reader().dyn_into().ok());
    let reader = reader.map(|reader| Reader { reader, timeout, _forwarding: forwarding });
    stream::try_unfold(reader, |reader| async move {
        let Some(mut reader) = reader else { return Ok(None) };
        let field = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).unwrap_or_default();
        let chunk = JsFuture::from(reader.reader.read());
        let Either::Left((result, _)) = select(chunk, &mut reader.timeout).await else { return Err(Error::Timeout) };
        let result = result.map_err(|error| match field(&error, "name").as_string() {
            Some(name) if name == "AbortError" => Error::Aborted,
            _ => Error::Network("the transfer broke off".into()),
        })?;
        let chunk = field(&result, "value").dyn_into::<Uint8Array>().ok();
        Ok(chunk.map(|chunk| (chunk.to_vec(), Some(reader))))
    })
    .into_stream()
}

/// Cancels the stream when it is dropped.
struct Reader {
    reader: web_sys::ReadableStreamDefaultReader,
    timeout: LocalBoxFuture<'static, ()>,
    _forwarding: Guard,
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Canceling a stream that failed rejects the promise, which the page would report if nothing awaited it.
        spawn_local(JsFuture::from(self.reader.cancel()).map(drop));
    }
}

/// Decodes UTF-8 as `String::from_utf8_lossy` does, which would be a second decoder in the download.
fn decode(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    loop {
        let error = match std::str::from_utf8(bytes) {
            Ok(rest) => return text + rest,
            Err(error) => error,
        };
        let (valid, invalid) = bytes.split_at(error.valid_up_to());
        text.push_str(std::str::from_utf8(valid).unwrap_or_default());
        text += "\u{fffd}";
        bytes = &invalid[error.error_len().unwrap_or(invalid.len())..];
    }
}

/// What is wrong with JSON, without quoting values: serde_json's message quotes them for a wrong type.
fn describe(error: &serde_json::Error) -> String {
    let message = error.to_string();
    if message.starts_with("missing field") {
        return format!("its JSON has a {message}");
    }
    format!("its body is not the expected JSON, at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    #[test]
    fn case_69_a_missing_field_is_named_and_no_value_is_quoted() {
        #[derive(Debug, serde::Deserialize)]
        struct Note {
            #[allow(dead_code)]
            text: String,
        }
        let describe = |text: &str| super::describe(&serde_json::from_str::<Note>(text).err().unwrap_or_else(|| unreachable!()));
        assert!(describe("{}").contains("missing field `text`"), "{}", describe("{}"));
        assert!(!describe("{\"text\":[\"secret\"]}").contains("secret"));
        assert!(!describe("\"secret\"").contains("secret"));
    }
}
