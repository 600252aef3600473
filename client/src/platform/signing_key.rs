//! Keys for proofs (DPoP, RFC 9449).

use crate::error::Error;
use futures::future::LocalBoxFuture;
use std::rc::Rc;

/// The stored key, if there is one.
pub type LoadedKey = LocalBoxFuture<'static, Result<Option<Rc<dyn SigningKey>>, Error>>;

/// The key that is stored now.
pub type StoredKey = LocalBoxFuture<'static, Result<Rc<dyn SigningKey>, Error>>;

/// A P-256 key pair whose private half cannot be read.
pub trait SigningKey: 'static {
    /// The coordinates of the public half in base64url (RFC 7518 §6.2.1).
    fn coordinates(&self) -> [&str; 2];

    /// The JWK thumbprint (RFC 7638).
    fn thumbprint(&self) -> &str;

    /// Signs by ES256 (RFC 7518 §3.4). Returns the signature in base64url.
    fn sign(&self, text: &str) -> LocalBoxFuture<'static, Result<String, Error>>;

    /// Stores the key, unless there is one of this name. Returns the stored one.
    fn store(&self, name: &str) -> StoredKey;
}

pub(crate) fn no_web_crypto() -> Error {
    Error::InvalidRequest("DPoP needs WebCrypto, and this page has none or it failed: serve it over https, or at http://localhost".into())
}
