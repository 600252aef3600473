//! Verifying access tokens in a service without the database, by the issuer's public keys.

use crate::error::Error;
use jsonwebtoken::{
    DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};
use reqwest::{Client, Url};
use serde::Deserialize;
use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// How long a set of keys is used before it is fetched again; the issuer allows caching for as long.
const MAX_AGE: Duration = Duration::from_secs(300);
/// How often the set is fetched at most, for tokens with an unknown key and after a failure.
const MIN_INTERVAL: Duration = Duration::from_secs(5);
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Verifies access tokens of an issuer by its public keys. Cheap to clone.
///
/// It sees neither revocations nor reuse: a token is accepted until it expires. Keep the issuer's `--access-ttl` short. It verifies no DPoP
/// proofs, so that it refuses tokens that are bound to a key (RFC 9449).
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

struct Inner {
    url: Url,
    issuer: String,
    audience: String,
    http: Client,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    by_id: HashMap<String, DecodingKey>,
    fetched_at: Option<Instant>,
    /// The last failure, and when it happened.
    failed: Option<(Instant, String)>,
}

/// The verified claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AccessToken {
    /// The account's id.
    #[serde(rename = "userId")]
    pub user_id: i64,
    /// The account's name when the token was issued.
    pub username: String,
    /// The session's id.
    pub sid: uuid::Uuid,
    /// When the token expires, in seconds since 1970.
    pub exp: i64,
    /// The key that the token is bound to (RFC 7800 §3.1).
    #[serde(default)]
    cnf: Option<serde_json::Value>,
}

/// Why a token was not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token is malformed, expired, of another issuer or audience, or bound to a key, or its signature is wrong. Answer 401.
    Invalid,
    /// The issuer's keys could not be fetched; the text says why. Answer 503.
    KeysUnavailable(String),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid => f.write_str("the access token is invalid or has expired"),
            Self::KeysUnavailable(cause) => write!(f, "the issuer's keys cannot be fetched: {cause}"),
        }
    }
}

impl std::error::Error for VerifyError {}

impl From<VerifyError> for Error {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Invalid => Self::InvalidToken,
            VerifyError::KeysUnavailable(cause) => Self::Busy(cause),
        }
    }
}

impl Verifier {
    /// For the keys at this address, such as `https://id.example.com/.well-known/jwks.json`, and tokens with these claims `iss` and `aud`.
    /// The keys are fetched when the first token is verified.
    ///
    /// # Errors
    /// The address is no `https:` URL (`http:` is accepted for the loopback alone).
    pub fn jwks(url: &str, issuer: impl Into<String>, audience: impl Into<String>) -> Result<Self, Error> {
        let url: Url = url.parse().map_err(|_| Error::InvalidRequest("the address of the keys is no URL"))?;
        let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
            return Err(Error::InvalidRequest("the keys must be fetched by https"));
        }
        let http = Client::builder().timeout(FETCH_TIMEOUT).build().map_err(|error| Error::Internal(error.to_string()))?;
        let inner = Inner { url, issuer: issuer.into(), audience: audience.into(), http, keys: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Verifies an access token: type, signature by the key that it names, issuer, audience and expiry, and that it is a Bearer token.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub async fn verify(&self, token: &str) -> Result<AccessToken, VerifyError> {
        let header = decode_header(token).map_err(|_| VerifyError::Invalid)?;
        if header.typ.as_deref() != Some("at+jwt") || header.crit.is_some() {
            return Err(VerifyError::Invalid);
        }
        let id = header.kid.ok_or(VerifyError::Invalid)?;
        let key = self.key(&id).await?;
        let mut rules = Validation::new(jsonwebtoken::Algorithm::EdDSA);
        rules.set_issuer(&[&self.inner.issuer]);
        rules.set_audience(&[&self.inner.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        rules.leeway = 0;
        let token: AccessToken = decode(token, &key, &rules).map(|read| read.claims).map_err(|_| VerifyError::Invalid)?;
        if token.cnf.is_some() { Err(VerifyError::Invalid) } else { Ok(token) }
    }

    /// The key of this id. The set is fetched again when it is old or lacks the key. While it cannot be fetched, the keys of the last
    /// one stay in use.
    async fn key(&self, id: &str) -> Result<DecodingKey, VerifyError> {
        let mut keys = self.inner.keys.lock().await;
        let is_fresh = |age: Duration| keys.fetched_at.is_some_and(|at| at.elapsed() < age);
        let known = keys.by_id.get(id).cloned();
        if let Some(key) = known.clone().filter(|_| is_fresh(MAX_AGE)) {
            return Ok(key);
        }
        let has_just_failed = keys.failed.as_ref().is_some_and(|(at, _)| at.elapsed() < MIN_INTERVAL);
        let was_just_fetched = known.is_none() && is_fresh(MIN_INTERVAL);
        if !has_just_failed && !was_just_fetched {
            match self.fetch().await {
                Ok(by_id) => *keys = Keys { by_id, fetched_at: Some(Instant::now()), failed: None },
                Err(cause) => keys.failed = Some((Instant::now(), cause)),
            }
        }
        match (keys.by_id.get(id), &keys.failed) {
            (Some(key), _) => Ok(key.clone()),
            (None, Some((_, cause))) => Err(VerifyError::KeysUnavailable(cause.clone())),
            (None, None) => Err(VerifyError::Invalid),
        }
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, String> {
        let describe = |error: reqwest::Error| error.without_url().to_string();
        let response = self.inner.http.get(self.inner.url.clone()).send().await.and_then(reqwest::Response::error_for_status);
        let set: JwkSet = response.map_err(describe)?.json().await.map_err(describe)?;
        let key = |jwk: &Jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok().filter(|_| is_ed25519(jwk))?));
        let keys: HashMap<_, _> = set.keys.iter().filter_map(key).collect();
        if keys.is_empty() { Err("the set has no Ed25519 key; start the issuer with --signing-algorithm eddsa".into()) } else { Ok(keys) }
    }
}

fn is_ed25519(jwk: &Jwk) -> bool {
    matches!(&jwk.algorithm, AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519)
}
