//! The handle that an application holds.

use crate::{
    accounts::{Accounts, Limits},
    clock::{Clock, millis},
    dpop::{Dpop, Nonces, origin},
    error::{Error, StartError},
    inner::Inner,
    keys::Keys,
    metrics::Metrics,
    options::Options,
    passwords::Passwords,
    proxies::TrustedProxies,
    readiness::Readiness,
    sessions::Sessions,
    store::Store,
    tokens::Tokens,
};
use std::{fmt, sync::Arc};

/// Accounts and sessions of an application. Cheap to clone.
#[derive(Clone)]
pub struct Auth {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

impl Auth {
    /// Opens the database and the signing keys, and creates them if they are missing. Deletes old rows in the background until the last
    /// clone is dropped.
    ///
    /// # Errors
    /// The database or the keys cannot be used; the error says what to do.
    pub async fn open(options: Options) -> Result<Self, StartError> {
        options.check()?;
        let lifetime = millis(options.policy.session_ttl.max(options.access_ttl));
        let keys = Keys::open(options.signing_key.clone(), options.signing_algorithm, lifetime, options.clock.clone()).await?;
        let store = Store::open(&options.database_url, options.database_connections).await?;
        let auth = Self::on(store, keys, options)?;
        crate::maintenance::start(Arc::downgrade(&auth.inner));
        Ok(auth)
    }

    /// Opens a database that exists and has this version's schema, for an operator's command; a server may be running on it.
    ///
    /// # Errors
    /// As [`Auth::open`].
    #[doc(hidden)]
    pub async fn open_existing(options: Options) -> Result<Self, StartError> {
        let store = Store::open_existing(&options.database_url, options.database_connections).await?;
        Self::on(store, Keys::temporary(options.clock.clone())?, options)
    }

    fn on(store: Store, keys: Keys, options: Options) -> Result<Self, StartError> {
        // jsonwebtoken cannot choose between its two backends if another crate enables the other one, and signing panics then. An error means
        // that the application has chosen.
        let _ = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
        let (metrics, clock) = (Arc::new(Metrics::default()), &options.clock);
        let tokens = Arc::new(Tokens::new(keys, options.issuer.clone(), options.audience.clone(), options.access_ttl));
        let passwords = Passwords::new().map_err(|_| StartError("passwords cannot be hashed".into()))?;
        let dpop = Dpop::new(options.requires_dpop, options.dpop_nonces.then(|| Nonces::new(tokens.clone())));
        let sessions = Sessions::new(store.clone(), tokens.clone(), metrics.clone(), clock.clone(), options.policy, dpop);
        let limits = Limits::new(options.name_limit, options.network_limit);
        let accounts = Accounts::new(store.clone(), passwords, sessions.clone(), limits, metrics.clone(), clock.clone());
        let (readiness, origin) = (Readiness::default(), origin(&options.issuer));
        Ok(Self { inner: Arc::new(Inner { accounts, sessions, tokens, readiness, store, metrics, origin, options }) })
    }

    /// The nonce for a client's next DPoP proof, for the header `DPoP-Nonce` of an answer. `None` without [`Options::dpop_nonces`].
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<String> {
        self.inner.sessions.dpop_nonce()
    }

    /// Whether the database can be used. At most one query a second, and one at once when a request has found that it cannot.
    ///
    /// # Errors
    /// It cannot.
    pub async fn ready(&self) -> Result<(), Error> {
        self.inner.readiness.check(&self.inner.store).await
    }

    /// Deletes ended sessions and old entries of the audit trail now. Returns the number of rows.
    ///
    /// # Errors
    /// The database is unavailable.
    #[doc(hidden)]
    pub async fn purge(&self) -> Result<u64, Error> {
        crate::maintenance::purge(&self.inner).await
    }

    /// Deletes old rows if the system clock has been steady for this long. The background task does so once a minute.
    ///
    /// # Errors
    /// The database is unavailable.
    #[doc(hidden)]
    pub async fn purge_if_clock_is_stable(&self, steady: std::time::Duration) -> Result<u64, Error> {
        crate::maintenance::purge_if_clock_is_stable(&self.inner, steady).await
    }

    /// Records the refused sign-ins of the last minute, and closes the database connections.
    pub async fn close(&self) {
        let _ = self.inner.accounts.flush_refusals().await;
        self.inner.store.close().await;
    }

    #[doc(hidden)]
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.inner.accounts
    }

    #[doc(hidden)]
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    #[doc(hidden)]
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    #[doc(hidden)]
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    #[doc(hidden)]
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.options.clock
    }

    /// How client addresses are read behind proxies.
    #[doc(hidden)]
    #[must_use]
    pub fn proxies(&self) -> &TrustedProxies {
        &self.inner.options.proxies
    }

    #[doc(hidden)]
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.inner.tokens
    }
}
