//! A token endpoint's answer.

use crate::{
    http::Response,
    json::{Object, without_byte_order_mark},
    text::contains,
};
use std::fmt;

/// A token endpoint's answer.
#[non_exhaustive]
pub struct TokenResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
    response: &'a Response,
}

impl fmt::Debug for TokenResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

impl<'a> TokenResponse<'a> {
    /// Of a response whose body has been read.
    pub(crate) fn new(response: &'a Response) -> TokenResponse<'a> {
        TokenResponse { status: response.status().as_u16(), body: response.buffered(), response }
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.response.header(name)
    }

    /// The body as a JSON object.
    #[must_use]
    pub fn object(&self) -> Option<Object> {
        Object::read(self.body)
    }

    /// Whether the member `token_type` is this one (RFC 6749 §7.1).
    #[cfg(any(feature = "dpop", feature = "oidc"))]
    pub(crate) fn is_of_type(&self, name: &str) -> bool {
        self.object().and_then(|answer| answer.text("token_type")).is_some_and(|kind| kind.eq_ignore_ascii_case(name))
    }

    /// Whether the body is an HTML page, as proxies and captive portals send it.
    #[must_use]
    pub fn is_html(&self) -> bool {
        let starts_with_tag = without_byte_order_mark(self.body).trim_ascii_start().starts_with(b"<");
        starts_with_tag || self.header("content-type").is_some_and(|kind| contains(&kind.to_ascii_lowercase(), "html"))
    }

    /// Whether the response asks for a password by a scheme that the page's program cannot answer (RFC 9110 §11.6.1), as a proxy in front
    /// of a test system does (RFC 7617, RFC 7616, RFC 4559).
    pub(super) fn asks_for_password(&self) -> bool {
        let challenge = self.header("www-authenticate").unwrap_or_default().to_ascii_lowercase();
        ["basic", "digest", "negotiate", "ntlm"].iter().any(|scheme| challenge.starts_with(scheme))
    }
}
