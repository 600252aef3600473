//! Entity tags that are computed from the content (RFC 9110 §8.8.3).

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::io;

/// Weak, so that a page and its compressed form may have the same one.
pub(super) fn of(content: &[u8]) -> io::Result<HeaderValue> {
    let etag = format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(content)[..16]));
    HeaderValue::try_from(etag).map_err(io::Error::other)
}

/// Whether the client has the content with this ETag.
pub(super) fn is_cached(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let lists = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|tag| tag.trim() == "*" || Some(tag.trim()) == etag.to_str().ok())
}
