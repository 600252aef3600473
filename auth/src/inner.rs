//! The shared state of the clones of an `Auth`.

use crate::{
    accounts::Accounts, clock::Clock, metrics::Metrics, proxies::TrustedProxies, readiness::Readiness, sessions::Sessions, store::Store,
    tokens::Tokens,
};
use std::{sync::Arc, time::Duration};

pub(crate) struct Inner {
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Sessions,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) store: Store,
    pub(crate) readiness: Readiness,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Clock,
    pub(crate) proxies: TrustedProxies,
    pub(crate) request_timeout: Duration,
    pub(crate) query_refresh: bool,
    pub(crate) registration: bool,
    /// The origin at which clients reach the application, if the issuer is a URL.
    pub(crate) origin: Option<String>,
    pub(crate) session_ttl: Duration,
    pub(crate) audit_ttl: Duration,
}
