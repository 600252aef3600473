//! Encodes a form with files as `multipart/form-data` (RFC 7578; <https://html.spec.whatwg.org/#multipart-form-data>).
//!
//! `fetch` gives a `FormData` a new boundary at each sending, and the program may change it in between. Encoding it once makes a
//! replay send the same bytes. Blobs are referred to, not read.

use crate::{error::Error, http::header::is_header_value, platform::body::Body, random::random};
use js_sys::{Array, Reflect, Uint8Array};
use std::fmt;
use wasm_bindgen::{JsCast, JsValue};

/// The fields and files of a form, in order.
///
/// ```
/// use wugan::{Multipart, Request};
/// let form = Multipart::new().text("title", "Summer").bytes("notes", "notes.txt", "text/plain", b"sun, sea");
/// let request = Request::post("/albums").multipart(form);
/// ```
///
/// A browser's `FormData` converts with [`Into`].
#[derive(Clone)]
pub struct Multipart {
    boundary: String,
    parts: Vec<Part>,
    error: Option<Error>,
}

#[derive(Clone)]
enum Part {
    Bytes(Vec<u8>),
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
    /// An empty form.
    #[must_use]
    pub fn new() -> Multipart {
        // Unpredictable, so that a file cannot contain it on purpose.
        let part = || (random() * 2_f64.powi(52)) as u64;
        Multipart { boundary: format!("wugan-{:013x}{:013x}", part(), part()), parts: Vec::new(), error: None }
    }

    /// Adds a field.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Multipart {
        self.begin_part(name, None);
        self.write(with_crlf(value) + "\r\n");
        self
    }

    /// Adds a file from memory.
    #[must_use]
    pub fn bytes(mut self, name: &str, file_name: &str, content_type: &str, bytes: &[u8]) -> Multipart {
        if !is_header_value(content_type) {
            self.error = Some(Error::InvalidRequest(format!("the content type of the file {file_name:?} is not a header value")));
            return self;
        }
        self.begin_part(name, Some((file_name, content_type)));
        self.write(bytes);
        self.write("\r\n");
        self
    }

    /// Adds a `Blob` or `File` with the type that it has: `blob("photo", &file.name(), &file)`.
    #[must_use]
    pub fn blob(mut self, name: &str, file_name: &str, blob: &web_sys::Blob) -> Multipart {
        self.begin_part(name, Some((file_name, &blob.type_())));
        self.parts.push(Part::Blob(blob.clone()));
        self.write("\r\n");
        self
    }

    fn begin_part(&mut self, name: &str, file: Option<(&str, &str)>) {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"{}\"", self.boundary, escaped(&with_crlf(name)));
        if let Some((file_name, content_type)) = file {
            let content_type = if content_type.is_empty() { "application/octet-stream" } else { content_type };
            head += &format!("; filename=\"{}\"\r\nContent-Type: {content_type}", escaped(file_name));
        }
        self.write(head + "\r\n\r\n");
    }

    fn write(&mut self, bytes: impl AsRef<[u8]>) {
        match self.parts.last_mut() {
            Some(Part::Bytes(last)) => last.extend_from_slice(bytes.as_ref()),
            _ => self.parts.push(Part::Bytes(bytes.as_ref().to_vec())),
        }
    }

    /// The `Content-Type` header, which names the boundary.
    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(crate) fn into_body(mut self) -> Result<Body, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.write(format!("--{}--\r\n", self.boundary));
        join(self.parts)
    }
}

fn join(mut parts: Vec<Part>) -> Result<Body, Error> {
    // Without a blob there is one part, and no need for a browser.
    if let [Part::Bytes(bytes)] = &mut parts[..] {
        return Ok(std::mem::take(bytes).into());
    }
    let parts: Array = parts
        .into_iter()
        .map(|part| match part {
            Part::Bytes(bytes) => JsValue::from(Uint8Array::from(&bytes[..])),
            Part::Blob(blob) => blob.into(),
        })
        .collect();
    let blob = web_sys::Blob::new_with_blob_sequence(&parts);
    blob.map(|blob| Body::blob(&blob)).map_err(|_| Error::InvalidRequest("the browser cannot join the form's files".into()))
}

/// The fields and files that the form has now.
impl From<&web_sys::FormData> for Multipart {
    fn from(form: &web_sys::FormData) -> Multipart {
        let fields = js_sys::try_iter(form).ok().flatten().into_iter().flatten().flatten();
        fields.fold(Multipart::new(), |multipart, field| {
            let [name, value] = [0, 1].map(|index| Reflect::get_u32(&field, index).unwrap_or_default());
            let name = name.as_string().unwrap_or_default();
            match value.dyn_into::<web_sys::File>() {
                Ok(file) => multipart.blob(&name, &file.name(), &file),
                Err(text) => multipart.text(&name, &text.as_string().unwrap_or_default()),
            }
        })
    }
}

/// Normalises line ends as a form's encoding does.
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

/// Escapes what would end the name or the header.
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{http::request::Request, platform::body::Content};

    fn encoded(form: Multipart) -> String {
        let boundary = form.boundary.clone();
        match form.into_body().unwrap().content() {
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
    fn line_breaks_and_quotes_cannot_end_a_header() {
        let hostile = encoded(Multipart::new().text("a\"\nb: c", "1\r2\n3\r\n4").bytes("f", "\"\r\nx: y", "text/plain", b""));
        assert!(hostile.contains("name=\"a%22%0D%0Ab: c\"\r\n\r\n1\r\n2\r\n3\r\n4\r\n"), "{hostile}");
        assert!(hostile.contains("filename=\"%22%0D%0Ax: y\"\r\nContent-Type: text/plain\r\n\r\n\r\n"), "{hostile}");
        let wrong = Request::post("/").multipart(Multipart::new().bytes("f", "f", "text/plain\r\nx: y", b"").text("more", "1"));
        assert!(matches!(wrong.check(), Err(Error::InvalidRequest(_))));
    }

    #[test]
    fn the_header_names_the_boundary_and_each_form_has_its_own() {
        let (one, other) = (Multipart::new(), Multipart::new());
        assert_ne!(one.boundary, other.boundary);
        assert!(one.boundary.len() <= 70, "RFC 2046 §5.1.1");
        let content_type = one.content_type();
        let request = Request::post("/").header("content-type", "text/plain").multipart(one);
        let types: Vec<_> = request.header_pairs().filter(|(name, _)| *name == "content-type").map(|(_, value)| value.to_owned()).collect();
        assert_eq!(types, [content_type]);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", Multipart::new().text("secret", "secret")).contains("secret"));
    }
}
