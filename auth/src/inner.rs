//! The shared state of the clones of an `Auth`.

use crate::{
    accounts::Accounts, metrics::Metrics, options::Options, readiness::Readiness, sessions::Sessions, store::Store, tokens::Tokens,
};
use std::sync::Arc;

pub(crate) struct Inner {
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Sessions,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) store: Store,
    pub(crate) readiness: Readiness,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) options: Options,
    /// The origin at which clients reach the application, if the issuer is a URL.
    pub(crate) origin: Option<String>,
}
