//! Access and refresh tokens: signed JWTs with an explicit type (RFC 9068 §2.1, RFC 8725 §3.11) and one algorithm for each key.

use crate::{
    claims::{Claims, Confirmation},
    clock::{Millis, millis},
    error::Error,
    keys::{Key, Keys},
    store::session,
    token_cache::{TokenCache, TokenHash},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};
use wugan_wire::TokenAnswer;

/// Longer tokens are refused without parsing. The server makes none that is longer.
const MAX_LENGTH: usize = 4096;
const ACCESS: &str = "at+jwt";
const REFRESH: &str = "rt+jwt";
/// The `client_id` of access tokens (RFC 9068 §2.2): the application that the accounts belong to.
const CLIENT_ID: &str = "app";

/// The claims of a token. The issuer and the audience are compared when it is verified, and are not kept.
#[derive(Serialize)]
struct Issued<'a> {
    #[serde(flatten)]
    claims: Claims,
    iss: &'a str,
    aud: &'a str,
}

/// The additional claims of an access token, for other services that verify it.
#[derive(Serialize)]
struct AccessClaims<'a> {
    #[serde(flatten)]
    issued: Issued<'a>,
    username: &'a str,
    /// The account (RFC 7519 §4.1.2).
    sub: String,
    client_id: &'static str,
    jti: String,
}

/// Issues and verifies tokens.
pub struct Tokens {
    keys: Keys,
    verified: TokenCache,
    /// The checks of the claims, for each algorithm.
    rules: [Validation; 2],
    issuer: String,
    audience: String,
    access_ttl: Duration,
}

impl Tokens {
    /// Tokens signed by these keys, for this issuer and audience.
    #[must_use]
    pub fn new(keys: Keys, issuer: String, audience: String, access_ttl: Duration) -> Self {
        let rules = [Algorithm::HS256, Algorithm::EdDSA].map(|algorithm| {
            let mut rules = Validation::new(algorithm);
            rules.leeway = 0;
            rules.validate_exp = false;
            rules.set_issuer(&[&issuer]);
            rules.set_audience(&[&audience]);
            rules.set_required_spec_claims(&["exp", "iss", "aud"]);
            rules
        });
        Self { keys, verified: TokenCache::default(), rules, issuer, audience, access_ttl }
    }

    /// How long an access token lives.
    pub(crate) fn access_lifetime(&self) -> Millis {
        millis(self.access_ttl)
    }

    /// The public keys for other services.
    #[must_use]
    pub fn public_keys(&self) -> Vec<Value> {
        self.keys.current().public(self.keys.now())
    }

    /// The claim `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The pair for a session in its current generation. The refresh token is a function of the row and the signing key: the same
    /// generation gives the same bytes on every node and after a restart, and the same claims after a rotation of keys. Neither token
    /// outlives the session.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn issue(&self, session: &session::Current, username: &str, now: Millis) -> Result<TokenAnswer, jsonwebtoken::errors::Error> {
        let jti = format!("{}.{}.{now}", session.id.simple(), session.generation);
        let (now, end) = (now / 1000, session.expires_at / 1000);
        let ttl = i64::try_from(self.access_ttl.as_secs()).unwrap_or(i64::MAX);
        let exp = now.saturating_add(ttl).min(end);
        let issued = |iat, exp| Issued {
            claims: Claims {
                user_id: session.user_id,
                sid: session.id,
                generation: session.generation,
                iat,
                exp,
                cnf: session.jkt.clone().map(|jkt| Confirmation { jkt }),
            },
            iss: &self.issuer,
            aud: &self.audience,
        };
        let access = AccessClaims { issued: issued(now, exp), username, sub: session.user_id.to_string(), client_id: CLIENT_ID, jti };
        let epoch = self.keys.epoch();
        let access_token = self.sign(ACCESS, &access)?;
        // Its signature is not verified at its first use on this node.
        self.verified.insert(TokenHash::of(&access_token), epoch, access.issued.claims);
        Ok(TokenAnswer {
            access_token,
            refresh_token: self.sign(REFRESH, &issued(session.rotated_at / 1000, end))?,
            token_type: if session.jkt.is_some() { "DPoP" } else { "Bearer" }.into(),
            expires_in: u64::try_from(exp - now).unwrap_or(0),
            refresh_expires_in: u64::try_from(end - now).unwrap_or(0),
        })
    }

    /// Verifies an access token.
    ///
    /// # Errors
    /// It has expired, or is not an access token of this server.
    pub fn read_access(&self, token: &str, now: Millis) -> Result<Claims, Error> {
        if token.len() > MAX_LENGTH {
            return Err(Error::InvalidToken);
        }
        let (hash, epoch) = (TokenHash::of(token), self.keys.epoch());
        let claims = match self.verified.get(hash, epoch) {
            Some(claims) => claims,
            None => {
                let claims = self.verify(ACCESS, token)?;
                self.verified.insert(hash, epoch, claims.clone());
                claims
            }
        };
        if claims.exp <= now / 1000 { Err(Error::InvalidToken) } else { Ok(claims) }
    }

    /// Verifies a refresh token except for its expiry, which the rotation rules check by the session: a token whose answer was lost is
    /// valid for as long as its successor, and reuse of an expired one is still evidence of theft.
    ///
    /// # Errors
    /// It is not a refresh token of this server.
    pub fn read_refresh(&self, token: &str) -> Result<Claims, Error> {
        self.verify(REFRESH, token)
    }

    /// A message authentication code for a text by the key that signs at that time, the same on all nodes. The text must not be the signed part
    /// of a token.
    pub(crate) fn authenticate_text(&self, text: &str, at: Millis) -> Result<String, jsonwebtoken::errors::Error> {
        let keys = self.keys.current();
        let key = keys.signing_key(at);
        // Both algorithms are deterministic (RFC 2104, RFC 8032 §5.1.6).
        let signature = jsonwebtoken::crypto::sign(text.as_bytes(), &key.encoding, key.algorithm)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(signature)[..16]))
    }

    fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let keys = self.keys.current();
        let key = keys.signing_key(self.keys.now());
        let header = Header { typ: Some(kind.into()), kid: Some(key.id.clone()), ..Header::new(key.algorithm) };
        encode(&header, claims, &key.encoding)
    }

    /// All checks except the time: the type, the key by its id, and with that key's one algorithm the signature, issuer and audience.
    /// Other header parameters (`jku`, `x5u`, `jwk`, …) are not read.
    fn verify(&self, kind: &str, token: &str) -> Result<Claims, Error> {
        if token.len() > MAX_LENGTH {
            return Err(Error::InvalidToken);
        }
        let key = self.key_of(kind, token).ok_or(Error::InvalidToken)?;
        let rules = self.rules.iter().find(|rules| rules.algorithms == [key.algorithm]).ok_or(Error::InvalidToken)?;
        decode(token, &key.decoding, rules).map(|read| read.claims).map_err(|_| Error::InvalidToken)
    }

    fn key_of(&self, kind: &str, token: &str) -> Option<Arc<Key>> {
        let header = decode_header(token).ok()?;
        if header.typ.as_deref() != Some(kind) || header.crit.is_some() {
            return None;
        }
        self.keys.verify_key(header.kid.as_deref()?)
    }
}
