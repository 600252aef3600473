//! What a request carries: something that can be sent again, or says that it can't.

use std::{fmt, rc::Rc};

/// What a request carries. It can be sent again, or says that it can't.
#[derive(Clone)]
pub struct Body(Kind);

#[derive(Clone)]
enum Kind {
    Empty,
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    #[cfg(feature = "browser")]
    Js(wasm_bindgen::JsValue),
    MadeBy(Rc<dyn Fn() -> Body>),
    #[cfg(feature = "browser")]
    Once(wasm_bindgen::JsValue),
}

/// A body as a platform gets it. `Debug` tells its kind and size.
#[non_exhaustive]
pub enum Content<'a> {
    /// None.
    Empty,
    /// Text, UTF-8.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Something of the browser's: a `Blob`, `FormData`, a `ReadableStream`.
    #[cfg(feature = "browser")]
    Js(&'a wasm_bindgen::JsValue),
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Empty => f.write_str("Empty"),
            Content::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Content::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            #[cfg(feature = "browser")]
            Content::Js(_) => f.write_str("Js"),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl Body {
    /// No body.
    #[must_use]
    pub fn empty() -> Body {
        Body(Kind::Empty)
    }

    /// Text. Sets no `Content-Type`.
    #[must_use]
    pub fn text(text: String) -> Body {
        Body(Kind::Text(text.into()))
    }

    /// Bytes. Sets no `Content-Type`.
    #[must_use]
    pub fn bytes(bytes: Vec<u8>) -> Body {
        Body(Kind::Bytes(bytes.into()))
    }

    /// A body that is made anew for each sending: the way to send a stream.
    ///
    /// ```
    /// use wugan::{Body, Request};
    ///
    /// let lines = ["milk", "bread"];
    /// let request = Request::post("/import").body(Body::made_by(move || Body::text(lines.join("\n"))));
    /// ```
    ///
    /// In a browser the closure may well end in [`Body::stream`]`(&file.stream())`.
    pub fn made_by(make: impl Fn() -> Body + 'static) -> Body {
        Body(Kind::MadeBy(Rc::new(make)))
    }

    /// A `Blob` or `File`: immutable, so it can be sent again.
    #[cfg(feature = "browser")]
    #[must_use]
    pub fn blob(blob: &web_sys::Blob) -> Body {
        Body(Kind::Js(blob.into()))
    }

    /// A stream, which can be sent only once: with a session it is refused before anything is sent, see [`Body::made_by`].
    #[cfg(feature = "browser")]
    #[must_use]
    pub fn stream(stream: &web_sys::ReadableStream) -> Body {
        Body(Kind::Once(stream.into()))
    }

    /// Whether a second sending would be the same as the first.
    pub(crate) fn replayable(&self) -> bool {
        #[cfg(feature = "browser")]
        return !matches!(self.0, Kind::Once(_));
        #[cfg(not(feature = "browser"))]
        true
    }

    /// The body for one sending.
    pub(crate) fn make(&self) -> Body {
        match &self.0 {
            Kind::MadeBy(make) => make(),
            _ => self.clone(),
        }
    }

    /// The body as a platform sends it.
    #[must_use]
    pub fn content(&self) -> Content<'_> {
        match &self.0 {
            // A maker that makes a maker has nothing to say.
            Kind::Empty | Kind::MadeBy(_) => Content::Empty,
            Kind::Text(text) => Content::Text(text),
            Kind::Bytes(bytes) => Content::Bytes(bytes),
            #[cfg(feature = "browser")]
            Kind::Js(value) | Kind::Once(value) => Content::Js(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    #[test]
    fn case_09_bodies_are_the_same_each_time() {
        let request = Request::post("/x").json(&[1, 2]);
        assert!(matches!(request.body.make().content(), Content::Text("[1,2]")));
        assert!(matches!(request.body.make().content(), Content::Text("[1,2]")));
        let request = Request::post("/x").form([("a b", "ü&="), ("c", "")]);
        assert!(matches!(request.body.make().content(), Content::Text("a+b=%C3%BC%26%3D&c=")));
        let count = Rc::new(std::cell::Cell::new(0));
        let made = Body::made_by({
            let count = count.clone();
            move || {
                count.set(count.get() + 1);
                Body::bytes(vec![7])
            }
        });
        assert!(made.replayable());
        for _ in 0..2 {
            assert!(matches!(made.make().content(), Content::Bytes([7])));
        }
        assert_eq!(count.get(), 2);
    }
}
