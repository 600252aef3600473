//! Request bodies: buffered, made anew for each sending, or a one-shot stream.

#[cfg(target_arch = "wasm32")]
use super::browser::stream_support::sends_streams;
use std::{fmt, rc::Rc, time::Duration};
use wasm_bindgen::JsValue;

#[cfg(not(target_arch = "wasm32"))]
fn sends_streams() -> bool {
    true
}

/// A request body.
///
/// Text, bytes, blobs and [`Body::from_fn`] can be sent again after a refresh. [`Body::stream`] is sent once.
#[derive(Clone)]
pub struct Body(Kind);

#[derive(Clone)]
enum Kind {
    Empty,
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    /// The blob, and its size.
    Blob(JsValue, usize),
    /// The stream, and whether the browser can send one. A pointer, so that an app without streams does not download the function.
    Stream(JsValue, fn() -> bool),
    FromFn(Rc<dyn Fn() -> Body>),
}

/// A body as a platform receives it. `Debug` shows its kind and size.
#[non_exhaustive]
pub enum Content<'a> {
    /// No body.
    Empty,
    /// UTF-8 text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A `Blob`.
    Blob(&'a JsValue),
    /// A `ReadableStream`.
    Stream(&'a JsValue),
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Empty => f.write_str("Empty"),
            Content::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Content::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Content::Blob(_) => f.write_str("Blob"),
            Content::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Body {
        Body(Kind::Text(text.into()))
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Body {
        Body(Kind::Text(text.into()))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body(Kind::Bytes(bytes.into()))
    }
}

impl From<&web_sys::Blob> for Body {
    fn from(blob: &web_sys::Blob) -> Body {
        Body::blob(blob)
    }
}

impl Body {
    /// No body.
    #[must_use]
    pub fn empty() -> Body {
        Body(Kind::Empty)
    }

    /// A body that is made anew for each sending; the way to send a stream that may have to be replayed.
    ///
    /// ```
    /// use wugan::{Body, Request};
    ///
    /// let lines = ["milk", "bread"];
    /// let request = Request::post("/import").body(Body::from_fn(move || Body::from(lines.join("\n"))));
    /// ```
    ///
    /// In a browser the closure can return [`Body::stream`]`(&file.stream())`.
    pub fn from_fn(make: impl Fn() -> Body + 'static) -> Body {
        Body(Kind::FromFn(Rc::new(make)))
    }

    /// A `Blob` or `File`. It is immutable, so it can be sent again.
    #[must_use]
    pub fn blob(blob: &web_sys::Blob) -> Body {
        Body(Kind::Blob(blob.into(), blob.size() as usize))
    }

    /// A stream, which is sent once. If its access token is refused, the request fails with
    /// [`Error::NotReplayable`](crate::Error::NotReplayable); [`Body::from_fn`] avoids that.
    #[must_use]
    pub fn stream(stream: &web_sys::ReadableStream) -> Body {
        Body(Kind::Stream(stream.into(), sends_streams))
    }

    /// Whether a second sending would send the same bytes.
    pub(crate) fn is_replayable(&self) -> bool {
        !matches!(self.0, Kind::Stream(..))
    }

    /// How long the slowest usable network takes to send it: what takes longer is stalled. `None`: its size is unknown.
    pub(crate) fn upload_time(&self) -> Option<Duration> {
        const BYTES_PER_SECOND: usize = 2 * 1024;
        let size = match &self.0 {
            Kind::Empty => 0,
            Kind::Text(text) => text.len(),
            Kind::Bytes(bytes) => bytes.len(),
            Kind::Blob(_, size) => *size,
            Kind::Stream(..) | Kind::FromFn(_) => return None,
        };
        Some(Duration::from_secs((size / BYTES_PER_SECOND) as u64))
    }

    /// Whether sending it may take long, because its size is large, 64 KiB or more, or unknown.
    pub(crate) fn may_be_large(&self) -> bool {
        self.upload_time().is_none_or(|time| time.as_secs() >= 32)
    }

    /// The detection of stream support, if this body is a stream.
    pub(crate) fn stream_support(&self) -> Option<fn() -> bool> {
        if let Kind::Stream(_, detect) = self.0 { Some(detect) } else { None }
    }

    /// The body for one sending.
    pub(crate) fn build(&self) -> Body {
        match &self.0 {
            Kind::FromFn(make) => make().build(),
            _ => self.clone(),
        }
    }

    /// The body as a platform sends it.
    #[must_use]
    pub fn content(&self) -> Content<'_> {
        match &self.0 {
            // The platform gets the body that `build` has made.
            Kind::Empty | Kind::FromFn(_) => Content::Empty,
            Kind::Text(text) => Content::Text(text),
            Kind::Bytes(bytes) => Content::Bytes(bytes),
            Kind::Blob(blob, _) => Content::Blob(blob),
            Kind::Stream(stream, _) => Content::Stream(stream),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::Request;

    #[test]
    fn case_09_buffered_bodies_and_factories_give_the_same_bytes_twice() {
        let request = Request::post("/x").json(&[1, 2]);
        assert!(matches!(request.parts.body.build().content(), Content::Text("[1,2]")));
        assert!(matches!(request.parts.body.build().content(), Content::Text("[1,2]")));
        let request = Request::post("/x").form(&[("a b", "ü&="), ("c", "")]);
        assert!(matches!(request.parts.body.build().content(), Content::Text("a+b=%C3%BC%26%3D&c=")));
        let count = Rc::new(std::cell::Cell::new(0));
        let counted = count.clone();
        let body = Body::from_fn(move || {
            counted.set(counted.get() + 1);
            Body::from(vec![7])
        });
        assert!(body.is_replayable());
        let body = Body::from_fn(move || body.clone());
        for _ in 0..2 {
            assert!(matches!(body.build().content(), Content::Bytes([7])));
        }
        assert_eq!(count.get(), 2);
    }
}
