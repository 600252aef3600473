//! Proof Key for Code Exchange with S256 (RFC 7636), and the random values of a sign-in.

use crate::{base64url::encode, oidc::error::Error, random, web_crypto};

/// 256 random bits as 43 letters: a code verifier (RFC 7636 §4.1), a `state`, or a `nonce`.
pub(crate) fn random() -> Result<String, Box<Error>> {
    let mut bytes = [0; 32];
    let missing = if cfg!(target_arch = "wasm32") { Error::NoWebCrypto } else { Error::NoBrowser };
    if random::fill(&mut bytes) { Ok(encode(&bytes)) } else { Err(missing.into()) }
}

/// The code challenge of a verifier (RFC 7636 §4.2).
pub(crate) async fn challenge(verifier: &str) -> Result<String, Box<Error>> {
    web_crypto::sha256(verifier).await.ok_or_else(|| Error::NoWebCrypto.into())
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::oidc::pkce::{challenge, random};
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    async fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").await.unwrap();
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[wasm_bindgen_test]
    fn random_values_are_long_and_differ() {
        let values = [random().unwrap(), random().unwrap()];
        assert!(values[0] != values[1] && values.iter().all(|value| value.len() == 43));
    }
}
