//! DPoP proofs of an attacker: signed with a key that the tokens are not bound to.

use serde_json::json;

use crate::{Page, Result};

const SIGN: &str = "const [method, url, token] = ARGUMENTS; \
    const encode = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''); \
    const utf8 = text => new TextEncoder().encode(text); \
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }; \
    return (async () => { \
        const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']); \
        const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey); \
        const claims = { jti: crypto.randomUUID(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000) }; \
        if (token) claims.ath = encode(await crypto.subtle.digest('SHA-256', utf8(token))); \
        const parts = [{ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }, claims]; \
        const signed = parts.map(part => encode(utf8(JSON.stringify(part)))).join('.'); \
        return `${signed}.${encode(await crypto.subtle.sign(algorithm, privateKey, utf8(signed)))}`; \
    })()";

impl Page {
    /// A valid proof for a request, made with a new key. `token` is the access token, at a resource.
    ///
    /// # Errors
    /// The page has no WebCrypto.
    pub async fn foreign_proof(&self, method: &str, url: &str, token: Option<&str>) -> Result<String> {
        let arguments = json!([method, url, token]).to_string();
        let proof = self.script(&SIGN.replace("ARGUMENTS", &arguments)).await?;
        Ok(proof.as_str().ok_or("no proof was made")?.to_owned())
    }
}
