//! The two tokens: signed JWTs, typed (RFC 9068 §2.1, RFC 8725 §3.11), with one algorithm per key and no claim left unchecked.

use crate::{
    clock::Millis,
    keys::{Key, KeyRing, Keys},
    store::session,
};
use jsonwebtoken::{Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;
use wugan_wire::TokenAnswer;

/// Longer than any token we make; what is longer is not looked at.
const LONGEST: usize = 4096;
const ACCESS: &str = "at+jwt";
const REFRESH: &str = "rt+jwt";

/// What both kinds say.
#[derive(Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The account, as the tutorial's front end reads it.
    #[serde(rename = "userId")]
    pub user_id: i64,
    /// The session.
    pub sid: Uuid,
    /// Which of the session's refresh tokens it is, or was handed out with, counted from 0.
    #[serde(rename = "gen")]
    pub generation: i64,
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
}

impl Claims {
    /// When the token expires.
    #[must_use]
    pub fn expires_at(&self) -> Millis {
        self.exp.saturating_mul(1000)
    }
}

/// What an access token says beside: for those who read it, not for us.
#[derive(Serialize)]
struct AccessClaims<'a> {
    #[serde(flatten)]
    claims: Claims,
    username: &'a str,
    /// The account, as RFC 7519 names it.
    sub: String,
}

/// Why a token is not accepted. Which of the checks failed is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// Ours, and it has run out.
    RunOut,
    /// Not one of ours, or not of this kind.
    Invalid,
}

/// Makes and reads tokens.
pub struct Tokens {
    keys: Keys,
    issuer: String,
    access_ttl: Duration,
}

impl Tokens {
    /// Tokens by these keys, for this issuer and audience.
    #[must_use]
    pub fn new(keys: Keys, issuer: String, access_ttl: Duration) -> Self {
        Self { keys, issuer, access_ttl }
    }

    /// The keys, for those who hand out their public halves.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyRing> {
        self.keys.now()
    }

    /// The pair for a session as it stands. The refresh token depends on nothing but the row and the key that signs, so the same
    /// generation makes the same token, byte for byte, on every server and after every restart; after a change of keys one that says
    /// the same. Neither token outlives the session.
    ///
    /// # Errors
    /// None but a signing key that cannot sign.
    pub fn issue(&self, session: &session::Model, username: &str, now: Millis) -> Result<TokenAnswer, jsonwebtoken::errors::Error> {
        let (now, end) = (now / 1000, session.expires_at / 1000);
        let ttl = i64::try_from(self.access_ttl.as_secs()).unwrap_or(i64::MAX);
        let exp = now.saturating_add(ttl).min(end);
        let claims = |iat, exp| Claims {
            user_id: session.user_id,
            sid: session.id,
            generation: session.generation,
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            iat,
            exp,
        };
        let access = AccessClaims { claims: claims(now, exp), username, sub: session.user_id.to_string() };
        Ok(TokenAnswer {
            access_token: self.sign(ACCESS, &access)?,
            refresh_token: self.sign(REFRESH, &claims(session.rotated_at / 1000, end))?,
            token_type: "Bearer".into(),
            expires_in: u64::try_from(exp - now).unwrap_or(0),
            refresh_expires_in: u64::try_from(end - now).unwrap_or(0),
        })
    }

    /// Reads an access token.
    ///
    /// # Errors
    /// It has run out, or is not an access token of ours.
    pub fn read_access(&self, token: &str, now: Millis) -> Result<Claims, Rejected> {
        let claims = self.verify(ACCESS, token)?;
        if claims.exp <= now / 1000 { Err(Rejected::RunOut) } else { Ok(claims) }
    }

    /// Reads a refresh token, which may have run out. When it did is its session's affair: one whose answer was lost is good for as
    /// long as its successor, and a stolen one tells of the theft however old it is.
    ///
    /// # Errors
    /// It is not a refresh token of ours.
    pub fn read_refresh(&self, token: &str) -> Result<Claims, Rejected> {
        self.verify(REFRESH, token)
    }

    fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let ring = self.keys.now();
        let key = ring.signing();
        let header = Header { typ: Some(kind.into()), kid: Some(key.id.clone()), ..Header::new(key.algorithm) };
        encode(&header, claims, &key.encoding)
    }

    /// All checks but the time, which is the caller's: the kind, then the key by its name, then with that key's one algorithm the
    /// signature, issuer and audience. Whatever else a header carries (`jku`, `x5u`, `jwk`, …) is not read.
    fn verify(&self, kind: &str, token: &str) -> Result<Claims, Rejected> {
        if token.len() > LONGEST {
            return Err(Rejected::Invalid);
        }
        let key = self.key_of(kind, token).ok_or(Rejected::Invalid)?;
        let mut rules = Validation::new(key.algorithm);
        rules.leeway = 0;
        rules.validate_exp = false;
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.issuer]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        decode(token, &key.decoding, &rules).map(|read| read.claims).map_err(|_| Rejected::Invalid)
    }

    fn key_of(&self, kind: &str, token: &str) -> Option<Arc<Key>> {
        let header = decode_header(token).ok()?;
        if header.typ.as_deref() != Some(kind) || header.crit.is_some() {
            return None;
        }
        self.keys.find(header.kid.as_deref()?)
    }
}
