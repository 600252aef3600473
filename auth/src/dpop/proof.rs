//! Verifying the form and the signature of a proof (RFC 9449 §4.3, steps 2 to 7).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Longer proofs are refused without parsing.
const MAX_LENGTH: usize = 4096;
/// The private members of JWKs (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A proof whose signature is that of its key.
pub(super) struct Proof {
    /// The key's thumbprint (RFC 7638).
    pub(super) jkt: String,
    pub(super) claims: Claims,
}

#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) jti: String,
    pub(super) htm: String,
    pub(super) htu: String,
    /// Seconds since 1970, which may have a fraction (RFC 7519 §2).
    pub(super) iat: f64,
    pub(super) ath: Option<String>,
    pub(super) nonce: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Map<String, Value>,
    crit: Option<Value>,
}

impl Proof {
    /// Verifies a proof, except for the request that it is for and its time.
    pub(super) fn verify(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let header: Header = serde_json::from_slice(&BASE64.decode(text.split('.').next()?).ok()?).ok()?;
        let has_private = PRIVATE.iter().any(|member| header.jwk.contains_key(*member));
        if !header.typ.eq_ignore_ascii_case("dpop+jwt") || header.crit.is_some() || has_private {
            return None;
        }
        let (algorithm, key, canonical) = key(&header)?;
        let mut rules = Validation::new(algorithm);
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        let claims: Claims = decode(text, &key, &rules).ok()?.claims;
        (!claims.jti.is_empty()).then(|| Self { jkt: sha256(&canonical), claims })
    }
}

/// The key by which the proof is verified, and its JWK as the thumbprint hashes it (RFC 7638 §3.2, RFC 8037 §2).
fn key(header: &Header) -> Option<(Algorithm, DecodingKey, String)> {
    let member = |name: &str| header.jwk.get(name).and_then(Value::as_str);
    // 32 bytes in their one encoding, so that a key has one thumbprint.
    let bytes = |name: &str| member(name).filter(|text| BASE64.decode(text).is_ok_and(|bytes| bytes.len() == 32));
    match (header.alg.as_str(), member("kty")?, member("crv")?) {
        ("ES256", "EC", "P-256") => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
            Some((Algorithm::ES256, DecodingKey::from_ec_components(x, y).ok()?, canonical))
        }
        ("EdDSA", "OKP", "Ed25519") => {
            let x = bytes("x")?;
            let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
            Some((Algorithm::EdDSA, DecodingKey::from_ed_components(x).ok()?, canonical))
        }
        _ => None,
    }
}

/// SHA-256 in base64url: of a key, and of an access token for the claim `ath`.
pub(super) fn sha256(text: &str) -> String {
    BASE64.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The example of RFC 9449 §4.1, whose thumbprint is in §6.1.
    #[test]
    fn the_example_of_rfc_9449_is_verified() {
        let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
        let verified = Proof::verify(proof).unwrap();
        assert_eq!(verified.jkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        assert_eq!((verified.claims.htm.as_str(), verified.claims.iat), ("POST", 1_562_262_616.0));
        let (signed, signature) = proof.rsplit_once('.').unwrap();
        let changed = if signature.starts_with('2') { "3" } else { "2" };
        assert!(Proof::verify(&format!("{signed}.{changed}{}", &signature[1..])).is_none());
    }

    #[test]
    fn any_text_is_refused_without_a_panic() {
        for text in ["", ".", "..", "a.b.c", "e30.e30.", &"x".repeat(10_000), "\u{e4}.\u{e4}.\u{e4}", "bnVsbA.bnVsbA.bnVsbA"] {
            assert!(Proof::verify(text).is_none(), "{}", text.len());
        }
    }
}
