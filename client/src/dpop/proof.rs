//! The claims of a proof (RFC 9449 §4.2).

use crate::{base64url::encode, json::Object, platform::SigningKey};

pub(crate) struct Proof<'a> {
    pub(crate) method: &'a str,
    /// The request's URL.
    pub(crate) url: &'a str,
    /// Seconds since 1970, by the server's clock where it is known.
    pub(crate) issued: f64,
    /// Unique.
    pub(crate) id: &'a str,
    /// The hash of the access token, at a resource.
    pub(crate) token_hash: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
}

impl Proof<'_> {
    /// What is signed: header and claims (RFC 7515 §7.1).
    pub(crate) fn signed_part(&self, key: &dyn SigningKey) -> String {
        let [x, y] = key.coordinates().map(Some);
        let jwk = Object::new().with_text("kty", Some("EC")).with_text("crv", Some("P-256")).with_text("x", x).with_text("y", y);
        let header = Object::new().with_text("typ", Some("dpop+jwt")).with_text("alg", Some("ES256")).with_object("jwk", Some(jwk));
        let end = self.url.bytes().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(self.url.len());
        let url = self.url.get(..end);
        let claims = Object::new().with_text("jti", Some(self.id)).with_text("htm", Some(self.method)).with_text("htu", url);
        let claims = claims.with_number("iat", Some(self.issued.floor())).with_text("ath", self.token_hash);
        let claims = claims.with_text("nonce", self.nonce);
        [&*encode(header.write().as_bytes()), ".", &encode(claims.write().as_bytes())].concat()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{base64url::decode, error::Error, platform::StoredKey};
    use futures::future::LocalBoxFuture;
    use std::rc::Rc;

    struct Key;

    impl SigningKey for Key {
        fn coordinates(&self) -> [&str; 2] {
            ["a", "b"]
        }

        fn thumbprint(&self) -> &str {
            ""
        }

        fn sign(&self, _: &str) -> LocalBoxFuture<'static, Result<String, Error>> {
            Box::pin(async { Ok(String::new()) })
        }

        fn store(&self, _: &str) -> StoredKey {
            Box::pin(async { Ok(Rc::new(Key) as Rc<dyn SigningKey>) })
        }
    }

    #[test]
    fn a_proof_names_method_url_token_and_nonce_without_query() {
        let proof = Proof {
            method: "POST",
            url: "https://a/b?secret#secret",
            issued: 1_000.7,
            id: "1",
            token_hash: Some("hash"),
            nonce: Some("\"n\\"),
        };
        let signed = proof.signed_part(&Key);
        let parts: Vec<_> = signed.split('.').map(|part| Object::read(&decode(part.as_bytes()).unwrap()).unwrap()).collect();
        let [header, claims] = parts.as_slice() else { panic!("{signed}") };
        assert_eq!(header.text("typ").as_deref(), Some("dpop+jwt"));
        let jwk = header.object("jwk").unwrap();
        assert_eq!(["kty", "crv", "x", "y"].map(|name| jwk.text(name).unwrap()), ["EC", "P-256", "a", "b"]);
        let texts = ["htm", "htu", "jti", "ath", "nonce"].map(|name| claims.text(name).unwrap());
        assert_eq!(texts, ["POST", "https://a/b", "1", "hash", "\"n\\"]);
        assert_eq!(claims.number("iat"), Some(1_000.0));
        let bare = Proof { token_hash: None, nonce: None, ..proof }.signed_part(&Key);
        let claims = Object::read(&decode(bare.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap();
        assert!(claims.text("ath").is_none() && claims.text("nonce").is_none());
    }
}
