//! A form with files in it, as `multipart/form-data` (RFC 7578), encoded as browsers do
//! (<https://html.spec.whatwg.org/#multipart-form-data>).
//!
//! A browser's `FormData` gets a new boundary at each sending, and may be changed in between. So it is read once, here, and what
//! comes of it is a body like any other: the second sending is the first, byte for byte. Files stay where they are: they are
//! referred to, not read.

use crate::{body::Body, error::Error, request::is_header_value};
use std::fmt;

/// The fields and files of a form, in order.
///
/// ```
/// use wugan::{Multipart, Request};
/// let form = Multipart::new().text("title", "Summer").bytes("notes", "notes.txt", "text/plain", b"sun, sea");
/// let request = Request::post("/albums").multipart(form);
/// ```
///
/// In a browser there is also [`Multipart::blob`], and a `FormData` is one [`Into`] away.
#[derive(Clone)]
pub struct Multipart {
    boundary: String,
    pieces: Vec<Piece>,
    problem: Option<Error>,
}

#[derive(Clone)]
enum Piece {
    Bytes(Vec<u8>),
    #[cfg(feature = "browser")]
    Blob(web_sys::Blob),
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Fields may hold secrets.
        f.debug_struct("Multipart").finish_non_exhaustive()
    }
}

impl Default for Multipart {
    fn default() -> Multipart {
        Multipart::new()
    }
}

impl Multipart {
    /// A form without a field.
    #[must_use]
    pub fn new() -> Multipart {
        // Nobody can put it into a file that he wants somebody else to upload: he would have to guess it.
        Multipart { boundary: format!("wugan-{:016x}{:016x}", random(), random()), pieces: Vec::new(), problem: None }
    }

    /// Adds a field.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Multipart {
        self.begin(name, None);
        self.write(with_crlf(value) + "\r\n");
        self
    }

    /// Adds a file of bytes that are at hand.
    #[must_use]
    pub fn bytes(mut self, name: &str, file_name: &str, content_type: &str, bytes: &[u8]) -> Multipart {
        if !is_header_value(content_type) {
            self.problem = Some(Error::Invalid(format!("the content type of the file {file_name:?} is none")));
            return self;
        }
        self.begin(name, Some((file_name, content_type)));
        self.write(bytes);
        self.write("\r\n");
        self
    }

    /// Adds a `Blob` or `File`, which says itself of what type it is. A `File` knows its name: `blob("photo", &file.name(), &file)`.
    #[cfg(feature = "browser")]
    #[must_use]
    pub fn blob(mut self, name: &str, file_name: &str, blob: &web_sys::Blob) -> Multipart {
        self.begin(name, Some((file_name, &blob.type_())));
        self.pieces.push(Piece::Blob(blob.clone()));
        self.write("\r\n");
        self
    }

    fn begin(&mut self, name: &str, file: Option<(&str, &str)>) {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"{}\"", self.boundary, quoted(&with_crlf(name)));
        if let Some((file_name, content_type)) = file {
            let content_type = if content_type.is_empty() { "application/octet-stream" } else { content_type };
            head += &format!("; filename=\"{}\"\r\nContent-Type: {content_type}", quoted(file_name));
        }
        self.write(head + "\r\n\r\n");
    }

    fn write(&mut self, bytes: impl AsRef<[u8]>) {
        match self.pieces.last_mut() {
            Some(Piece::Bytes(last)) => last.extend_from_slice(bytes.as_ref()),
            _ => self.pieces.push(Piece::Bytes(bytes.as_ref().to_vec())),
        }
    }

    /// The header that says where a part ends.
    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(crate) fn body(mut self) -> Result<Body, Error> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        self.write(format!("--{}--\r\n", self.boundary));
        join(self.pieces)
    }
}

#[cfg(not(feature = "browser"))]
fn join(pieces: Vec<Piece>) -> Result<Body, Error> {
    Ok(Body::bytes(pieces.into_iter().flat_map(|Piece::Bytes(bytes)| bytes).collect()))
}

#[cfg(feature = "browser")]
fn join(mut pieces: Vec<Piece>) -> Result<Body, Error> {
    // Without a file there is one piece, and it needs no browser.
    if let [Piece::Bytes(bytes)] = &mut pieces[..] {
        return Ok(Body::bytes(std::mem::take(bytes)));
    }
    let pieces: js_sys::Array = pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Bytes(bytes) => wasm_bindgen::JsValue::from(js_sys::Uint8Array::from(&bytes[..])),
            Piece::Blob(blob) => blob.into(),
        })
        .collect();
    let whole = web_sys::Blob::new_with_blob_sequence(&pieces).map_err(|_| Error::Invalid("its files make no body".into()))?;
    Ok(Body::blob(&whole))
}

/// The fields and files that it has at this moment.
#[cfg(feature = "browser")]
impl From<&web_sys::FormData> for Multipart {
    fn from(form: &web_sys::FormData) -> Multipart {
        use wasm_bindgen::JsCast;
        let fields = js_sys::try_iter(form).ok().flatten().into_iter().flatten().flatten();
        fields.fold(Multipart::new(), |multipart, field| {
            let [name, value] = [0, 1].map(|place| js_sys::Reflect::get_u32(&field, place).unwrap_or_default());
            let name = name.as_string().unwrap_or_default();
            match value.dyn_into::<web_sys::File>() {
                Ok(file) => multipart.blob(&name, &file.name(), &file),
                Err(text) => multipart.text(&name, &text.as_string().unwrap_or_default()),
            }
        })
    }
}

/// As a form's encoding has line ends.
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

/// What would end the name, or the header.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(all(target_arch = "wasm32", feature = "browser"))]
fn random() -> u64 {
    (js_sys::Math::random() * 2_f64.powi(52)) as u64
}

/// The standard library gives each of these keys of its own.
#[cfg(not(all(target_arch = "wasm32", feature = "browser")))]
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{body::Content, request::Request};

    fn encoded(form: Multipart) -> String {
        let boundary = form.boundary.clone();
        match form.body().unwrap().content() {
            Content::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap().replace(&boundary, "~"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn case_09_fields_and_files_in_order() {
        let form = Multipart::new().text("title", "無感").bytes("file", "a.bin", "", b"\n\0").text("empty", "");
        let parts = [
            "--~\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n無感\r\n",
            "--~\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n",
            "Content-Type: application/octet-stream\r\n\r\n\n\0\r\n",
            "--~\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n",
            "--~--\r\n",
        ];
        assert_eq!(encoded(form), parts.concat());
        assert_eq!(encoded(Multipart::new()), "--~--\r\n");
    }

    #[test]
    fn no_name_and_no_type_ends_its_header() {
        let sly = encoded(Multipart::new().text("a\"\nb: c", "1\r2\n3\r\n4").bytes("f", "\"\r\nx: y", "text/plain", b""));
        assert!(sly.contains("name=\"a%22%0D%0Ab: c\"\r\n\r\n1\r\n2\r\n3\r\n4\r\n"), "{sly}");
        assert!(sly.contains("filename=\"%22%0D%0Ax: y\"\r\nContent-Type: text/plain\r\n\r\n\r\n"), "{sly}");
        let wrong = Request::post("/").multipart(Multipart::new().bytes("f", "f", "text/plain\r\nx: y", b"").text("more", "1"));
        assert!(matches!(wrong.check(), Err(Error::Invalid(_))));
    }

    #[test]
    fn the_header_names_the_boundary_and_two_forms_have_two() {
        let (one, other) = (Multipart::new(), Multipart::new());
        assert_ne!(one.boundary, other.boundary);
        assert!(one.boundary.len() <= 70, "RFC 2046 §5.1.1");
        let said = one.content_type();
        let request = Request::post("/").header("content-type", "text/plain").multipart(one);
        let types: Vec<_> = request.headers().filter(|(name, _)| *name == "content-type").map(|(_, value)| value.to_owned()).collect();
        assert_eq!(types, [said]);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", Multipart::new().text("secret", "secret")).contains("secret"));
    }
}
