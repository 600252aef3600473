//! The provider's keys (RFC 7517), and verifying a signature with them (RFC 7518 §3; RFC 8037 §3.1).

use crate::{
    json::Object,
    oidc::error::{Error, IdTokenError},
    web_crypto::{self, bytes},
};
use wasm_bindgen::JsValue;

/// An asymmetric signature algorithm.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Algorithm {
    /// Its name in a JWS header.
    name: &'static str,
    /// The type of its keys.
    kty: &'static str,
    /// The curve of its keys.
    curve: &'static str,
    /// Its name in WebCrypto.
    web_crypto: &'static str,
    /// The name of its hash in WebCrypto; empty for EdDSA.
    hash: &'static str,
    /// The length of its salt in bytes.
    salt: &'static str,
}

const RS256: Algorithm = Algorithm { name: "RS256", kty: "RSA", curve: "", web_crypto: "RSASSA-PKCS1-v1_5", hash: "SHA-256", salt: "0" };
const PS256: Algorithm = Algorithm { name: "PS256", web_crypto: "RSA-PSS", salt: "32", ..RS256 };
const ES256: Algorithm = Algorithm { name: "ES256", kty: "EC", curve: "P-256", web_crypto: "ECDSA", ..RS256 };
const EDDSA: Algorithm = Algorithm { name: "EdDSA", kty: "OKP", curve: "Ed25519", web_crypto: "Ed25519", hash: "", salt: "0" };

static ALGORITHMS: [Algorithm; 11] = [
    RS256,
    Algorithm { name: "RS384", hash: "SHA-384", ..RS256 },
    Algorithm { name: "RS512", hash: "SHA-512", ..RS256 },
    PS256,
    Algorithm { name: "PS384", hash: "SHA-384", salt: "48", ..PS256 },
    Algorithm { name: "PS512", hash: "SHA-512", salt: "64", ..PS256 },
    ES256,
    Algorithm { name: "ES384", curve: "P-384", hash: "SHA-384", ..ES256 },
    Algorithm { name: "ES512", curve: "P-521", hash: "SHA-512", ..ES256 },
    EDDSA,
    Algorithm { name: "Ed25519", ..EDDSA },
];

impl Algorithm {
    /// `None` for `none`, symmetric and unknown ones.
    pub(crate) fn of(name: &str) -> Option<&'static Algorithm> {
        ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
    }

    /// Whether a key may verify such a signature (RFC 7517 §4; RFC 8725 §3.1).
    fn suits(&self, key: &Object, kid: Option<&str>) -> bool {
        let is = |name: &str, value: &str| key.text(name).as_deref() == Some(value);
        let is_or_absent = |name: &str, value: &str| key.text(name).is_none() || is(name, value);
        is("kty", self.kty)
            && (self.curve.is_empty() || is("crv", self.curve))
            && is_or_absent("use", "sig")
            && (is_or_absent("alg", self.name) || (self.kty == "OKP" && is("alg", "EdDSA")))
            && kid.is_none_or(|kid| is_or_absent("kid", kid))
    }
}

/// Verifies a signature with the keys that suit it.
pub(crate) async fn verify(
    algorithm: &Algorithm,
    keys: &[Object],
    kid: Option<&str>,
    signature: &[u8],
    signed: &str,
) -> Result<(), Box<Error>> {
    let mut error = IdTokenError::UnknownKey;
    for key in keys {
        if algorithm.suits(key, kid) {
            error = match verify_with(key, algorithm, signature, signed).await {
                Some(verified) if verified.is_truthy() => return Ok(()),
                Some(_) => IdTokenError::Signature,
                None => IdTokenError::Algorithm(algorithm.name.to_owned()),
            };
        }
    }
    Err(error.into())
}

/// Whether the signature is right. `None`: this browser does not know the algorithm, or the key is not valid.
async fn verify_with(key: &Object, algorithm: &Algorithm, signature: &[u8], signed: &str) -> Option<JsValue> {
    // Only the public numbers: WebCrypto refuses keys whose other members do not match the use.
    let mut jwk = Object::new();
    for name in ["kty", "crv", "n", "e", "x", "y"] {
        jwk = jwk.with_text(name, key.text(name).as_deref());
    }
    // WebCrypto ignores members that an algorithm does not have, and reads the number in a text.
    let settings = Object::new().with_text("name", Some(algorithm.web_crypto)).with_text("hash", Some(algorithm.hash));
    let settings = settings.with_text("namedCurve", Some(algorithm.curve)).with_text("saltLength", Some(algorithm.salt)).to_js();
    let usages = js_sys::Array::of1(&"verify".into());
    let key = web_crypto::call("importKey", &[&"jwk".into(), &jwk.to_js(), &settings, &JsValue::FALSE, &usages]).await?;
    web_crypto::call("verify", &[&settings, &key, &js_sys::Uint8Array::from(signature), &bytes(signed)]).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_suits_its_own_algorithm_only() {
        let key = |text: &str| Object::read(text.as_bytes()).unwrap();
        for known in &ALGORITHMS {
            assert_eq!(Algorithm::of(known.name), Some(known));
        }
        // (key, kid in the header, the algorithms that it suits)
        let table: [(&str, Option<&str>, &[Algorithm]); 11] = [
            ("{\"kty\":\"RSA\"}", None, &[RS256]),
            ("{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"1\"}", Some("1"), &[RS256]),
            ("{\"kty\":\"RSA\",\"kid\":\"1\"}", Some("2"), &[]),
            ("{\"kty\":\"RSA\",\"kid\":\"1\"}", None, &[RS256]),
            ("{\"kty\":\"RSA\",\"use\":\"enc\"}", None, &[]),
            ("{\"kty\":\"RSA\",\"alg\":\"PS256\"}", None, &[]),
            ("{\"kty\":\"EC\",\"crv\":\"P-256\"}", None, &[ES256]),
            ("{\"kty\":\"EC\",\"crv\":\"P-384\"}", None, &[]),
            ("{\"kty\":\"EC\"}", None, &[]),
            ("{\"kty\":\"oct\",\"k\":\"AA\"}", None, &[]),
            ("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"EdDSA\"}", None, &[EDDSA]),
        ];
        for (text, kid, suited) in table {
            let found: Vec<_> = [RS256, ES256, EDDSA].into_iter().filter(|algorithm| algorithm.suits(&key(text), kid)).collect();
            assert_eq!(found, suited, "{text} {kid:?}");
        }
    }
}
