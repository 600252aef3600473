//! Verifying access tokens in a service without the database, by the issuer's public keys.

use crate::error::Error;
use jsonwebtoken::{
    DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};
use reqwest::{Client, StatusCode, Url, redirect};
use serde::Deserialize;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How long a set of keys is used before it is fetched again; the issuer allows caching for as long.
const MAX_AGE: Duration = Duration::from_secs(300);
/// A service that has not tried to fetch the set for longer waits for a fetch: keys may have been revoked meanwhile.
const MAX_IDLE: Duration = Duration::from_secs(600);
/// How often the set is fetched at most, for tokens with an unknown key and after a failure.
const MIN_INTERVAL: Duration = Duration::from_secs(5);
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest set that is read.
const MAX_SET: usize = 1024 * 1024;

/// Verifies access tokens of an issuer by its public keys. Cheap to clone.
///
/// It sees neither revocations nor reuse: a token is accepted until it expires. Keep the issuer's `--access-ttl` short. It verifies no DPoP
/// proofs, so that it refuses tokens that are bound to a key (RFC 9449).
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("url", &self.inner.url.as_str()).finish_non_exhaustive()
    }
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
    /// When the last fetch ended.
    tried_at: Option<Instant>,
    /// Why the last fetch failed.
    failure: Option<String>,
    /// The last fetch that was started. Its sender is dropped when it has ended.
    running: Option<watch::Receiver<()>>,
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
        // As in `Auth::open`.
        let _ = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
        let url: Url = url.parse().map_err(|_| Error::InvalidRequest("the address of the keys is no URL"))?;
        let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
            return Err(Error::InvalidRequest("the keys must be fetched by https"));
        }
        // A redirect could lead to a host without TLS, whose answer could be another set.
        let http = Client::builder().timeout(FETCH_TIMEOUT).redirect(redirect::Policy::none()).build();
        let http = http.map_err(|error| Error::Internal(error.to_string()))?;
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

    /// The key of this id. A set that is old or lacks the key is fetched again, by one request at a time. A known key is returned without
    /// waiting for that, and while the set cannot be fetched.
    async fn key(&self, id: &str) -> Result<DecodingKey, VerifyError> {
        let running = {
            let mut keys = self.inner.keys();
            let known = keys.by_id.get(id);
            let is_waiting = known.is_none() || is_past(keys.tried_at, MAX_IDLE);
            if let Some(key) = known.filter(|_| !is_waiting).cloned() {
                if is_past(keys.fetched_at, MAX_AGE) {
                    self.start_fetch(&mut keys);
                }
                return Ok(key);
            }
            self.start_fetch(&mut keys);
            keys.running.clone()
        };
        if let Some(mut running) = running {
            // Fails when the fetch has ended.
            while running.changed().await.is_ok() {}
        }
        let keys = self.inner.keys();
        match (keys.by_id.get(id), &keys.failure) {
            (Some(key), _) => Ok(key.clone()),
            (None, Some(cause)) => Err(VerifyError::KeysUnavailable(cause.clone())),
            (None, None) => Err(VerifyError::Invalid),
        }
    }

    /// Starts to fetch the set in a task of its own, unless a fetch runs or has just ended.
    fn start_fetch(&self, keys: &mut Keys) {
        let is_running = keys.running.as_ref().is_some_and(|running| running.has_changed().is_ok());
        if is_running || !is_past(keys.tried_at, MIN_INTERVAL) {
            return;
        }
        let (ended, running) = watch::channel(());
        keys.running = Some(running);
        let inner = self.inner.clone();
        tokio::spawn(async move {
            let fetched = inner.fetch().await;
            let now = Instant::now();
            let mut keys = inner.keys();
            keys.tried_at = Some(now);
            match fetched {
                Ok(by_id) => {
                    keys.by_id = by_id;
                    keys.fetched_at = Some(now);
                    keys.failure = None;
                }
                Err(cause) => keys.failure = Some(cause),
            }
            drop(keys);
            drop(ended);
        });
    }
}

impl Inner {
    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, String> {
        let describe = |error: reqwest::Error| error.without_url().to_string();
        let mut response = self.http.get(self.url.clone()).send().await.map_err(describe)?;
        if response.status() != StatusCode::OK {
            return Err(format!("the issuer answered {}, and redirects are not followed", response.status()));
        }
        let mut text = Vec::new();
        while let Some(part) = response.chunk().await.map_err(describe)? {
            text.extend_from_slice(&part);
            if text.len() > MAX_SET {
                return Err(format!("the set is longer than {MAX_SET} bytes"));
            }
        }
        let set: JwkSet = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        let key = |jwk: &Jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok().filter(|_| is_ed25519(jwk))?));
        let keys: HashMap<_, _> = set.keys.iter().filter_map(key).collect();
        if keys.is_empty() { Err("the set has no Ed25519 key; start the issuer with --signing-algorithm eddsa".into()) } else { Ok(keys) }
    }
}

/// Whether `then` is longer ago than this, or never was.
fn is_past(then: Option<Instant>, age: Duration) -> bool {
    then.is_none_or(|then| then.elapsed() >= age)
}

fn is_ed25519(jwk: &Jwk) -> bool {
    matches!(&jwk.algorithm, AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{auth::Auth, device::Device, keys::SigningAlgorithm, options::Options};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        task::JoinSet,
        time::{sleep, timeout},
    };

    /// An issuer, a token of it, a token with an unknown key id, and a service that has fetched the issuer's keys.
    struct Setting {
        verifier: Verifier,
        good: String,
        unknown: String,
        /// Whether the issuer answers no request.
        is_unreachable: Arc<AtomicBool>,
        requests: Arc<AtomicUsize>,
        /// The set that the issuer publishes, and one with the unknown key.
        keys: Arc<Mutex<String>>,
        other_keys: String,
        _folder: tempfile::TempDir,
    }

    impl Setting {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let ((good, keys), (unknown, other_keys)) = (token(folder.path(), "issuer").await, token(folder.path(), "other").await);
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let verifier = Verifier::jwks(&format!("http://{}/jwks", listener.local_addr().unwrap()), "wugan", "wugan").unwrap();
            let keys = Arc::new(Mutex::new(keys));
            let (is_unreachable, requests) = (Arc::new(AtomicBool::default()), Arc::new(AtomicUsize::default()));
            tokio::spawn(answer(listener, keys.clone(), is_unreachable.clone(), requests.clone()));
            let setting = Self { verifier, good, unknown, is_unreachable, requests, keys, other_keys, _folder: folder };
            assert!(setting.is_verified().await);
            setting
        }

        fn stop_issuer(&self) {
            self.is_unreachable.store(true, Ordering::SeqCst);
        }

        fn requests(&self) -> usize {
            self.requests.load(Ordering::SeqCst)
        }

        /// Whether the good token is verified without waiting for a fetch.
        async fn is_verified(&self) -> bool {
            timeout(Duration::from_secs(2), self.verifier.verify(&self.good)).await.is_ok_and(|verified| verified.is_ok())
        }

        /// Starts to verify the token with an unknown key id.
        async fn send_unknown(&self, tasks: &mut JoinSet<Result<AccessToken, VerifyError>>) {
            let (verifier, unknown) = (self.verifier.clone(), self.unknown.clone());
            tasks.spawn(async move { verifier.verify(&unknown).await });
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn token(folder: &std::path::Path, name: &str) -> (String, String) {
        let path = |end: &str| folder.join(format!("{name}{end}")).display().to_string();
        let options =
            Options::new(format!("sqlite://{}", path(".db"))).signing_key(path(".key")).signing_algorithm(SigningAlgorithm::EdDsa);
        let auth = Auth::open(options).await.unwrap();
        let token = auth.start_session("google:1", &Device::default()).await.unwrap().access_token;
        (token, serde_json::json!({"keys": auth.tokens().public_keys()}).to_string())
    }

    async fn answer(listener: TcpListener, keys: Arc<Mutex<String>>, is_unreachable: Arc<AtomicBool>, requests: Arc<AtomicUsize>) {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            requests.fetch_add(1, Ordering::SeqCst);
            if is_unreachable.load(Ordering::SeqCst) {
                held.push(stream);
                continue;
            }
            let _ = stream.read(&mut [0; 4096]).await;
            let keys = keys.lock().unwrap().clone();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", keys.len());
            let _ = stream.write_all((head + &keys).as_bytes()).await;
        }
    }

    impl Verifier {
        /// Lets time pass.
        fn advance(&self, by: Duration) {
            let mut keys = self.inner.keys();
            keys.tried_at = keys.tried_at.and_then(|at| at.checked_sub(by));
            keys.fetched_at = keys.fetched_at.and_then(|at| at.checked_sub(by));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_unknown_key_id_delays_no_token_with_a_known_key() {
        let setting = Setting::new().await;
        setting.stop_issuer();
        setting.verifier.advance(MIN_INTERVAL);
        let mut unknown = JoinSet::new();
        setting.send_unknown(&mut unknown).await;
        assert_eq!(setting.requests(), 2, "the unknown key is looked for");
        assert!(setting.is_verified().await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn while_the_issuer_is_unreachable_tokens_with_a_known_key_are_verified_without_delay() {
        let setting = Setting::new().await;
        setting.stop_issuer();
        setting.verifier.advance(MAX_AGE);
        for _ in 0..3 {
            assert!(setting.is_verified().await);
        }
        sleep(Duration::from_millis(100)).await;
        assert_eq!(setting.requests(), 2, "one request at a time");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_58_a_token_with_a_new_key_is_verified_after_one_fetch() {
        let setting = Setting::new().await;
        *setting.keys.lock().unwrap() = setting.other_keys.clone();
        setting.verifier.advance(MIN_INTERVAL);
        assert!(setting.verifier.verify(&setting.unknown).await.is_ok());
        assert_eq!(setting.requests(), 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn unknown_key_ids_cause_one_request_in_five_seconds() {
        let setting = Setting::new().await;
        let mut unknown = JoinSet::new();
        for requests in 1..4 {
            for _ in 0..5 {
                setting.send_unknown(&mut unknown).await;
            }
            assert_eq!(setting.requests(), requests);
            setting.verifier.advance(MIN_INTERVAL);
        }
        assert!(unknown.join_all().await.into_iter().all(|result| result == Err(VerifyError::Invalid)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_service_that_was_idle_uses_no_key_that_was_revoked_meanwhile() {
        let setting = Setting::new().await;
        setting.verifier.advance(MAX_IDLE);
        *setting.keys.lock().unwrap() = setting.other_keys.clone();
        assert_eq!(setting.verifier.verify(&setting.good).await, Err(VerifyError::Invalid));
        assert!(setting.verifier.verify(&setting.unknown).await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn redirects_are_not_followed_and_long_sets_are_not_read() {
        let setting = Setting::new().await;
        let redirect = format!("302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", setting.verifier.inner.url);
        let long = format!("200 OK\r\ncontent-length: {}\r\n\r\n{}", MAX_SET + 1, " ".repeat(MAX_SET + 1));
        for (response, cause) in [(redirect, "302"), (long, "longer")] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let verifier = Verifier::jwks(&format!("http://{}/jwks", listener.local_addr().unwrap()), "wugan", "wugan").unwrap();
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(format!("HTTP/1.1 {response}").as_bytes()).await;
            });
            let refused = verifier.verify(&setting.good).await.unwrap_err();
            assert!(matches!(&refused, VerifyError::KeysUnavailable(text) if text.contains(cause)), "{refused}");
        }
        assert_eq!(setting.requests(), 1, "the redirect's target got no request");
    }
}
