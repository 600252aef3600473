//! The session service, and starting a session.

use crate::{
    clock::{Clock, Millis, millis},
    device::Device,
    dpop::Dpop,
    error::Error,
    limiter::{Limiter, Rate},
    metrics::Metrics,
    rotation::Lineage,
    session_cache::SessionCache,
    store::{
        Store,
        session::{self, SessionSelector},
        user,
    },
    tokens::Tokens,
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};
use uuid::Uuid;
use wugan_wire::TokenAnswer;

/// How often a change of network is recorded for one session: ten at once, and one each six minutes after them. Without a bound, a client
/// that refreshes from two networks in turn would write a row each time.
const MAX_NETWORK_CHANGES: Rate = Rate { burst: 10, period: Duration::from_secs(3600) };

/// How long a caller waits for the database.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(10);

/// How often one session may query the database: by the library's own guarded routes, by access tokens that the
/// cache does not admit, and by sign-outs.
const MAX_QUERIES: Rate = Rate { burst: 1000, period: Duration::from_secs(60) };

/// The lifetimes of sessions, the leeway for clients without attempt ids, and the limit of refreshes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// How long a session may be idle: the lifetime of a refresh token.
    pub refresh_ttl: Duration,
    /// How long a session lives from its start.
    pub session_ttl: Duration,
    /// How long after the first use of a successor the same client without attempt ids gets that successor again.
    pub reuse_leeway: Duration,
    /// How often one session may be refreshed.
    pub refresh_limit: Rate,
}

/// The session service. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    pub(super) store: Store,
    pub(super) tokens: Arc<Tokens>,
    pub(super) cache: Arc<SessionCache>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Clock,
    pub(super) policy: Policy,
    pub(super) refreshes: Arc<Limiter>,
    /// The permit to read a row for reuse beyond the limit of refreshes. There is one, so that these reads take one connection.
    pub(super) reuse_reads: Arc<Semaphore>,
    queries: Arc<Limiter>,
    /// How often a change of network is recorded.
    pub(super) network_changes: Arc<Limiter>,
    pub(super) dpop: Arc<Dpop>,
}

impl Sessions {
    /// The service on this database.
    pub(crate) fn new(store: Store, tokens: Arc<Tokens>, metrics: Arc<Metrics>, clock: Clock, policy: Policy, dpop: Dpop) -> Self {
        let refreshes = Arc::new(Limiter::new(policy.refresh_limit));
        let [network_changes, queries] = [MAX_NETWORK_CHANGES, MAX_QUERIES].map(|rate| Arc::new(Limiter::new(rate)));
        let (cache, reuse_reads, dpop) = (Arc::default(), Arc::new(Semaphore::new(1)), Arc::new(dpop));
        Self { store, tokens, cache, metrics, clock, policy, refreshes, reuse_reads, queries, network_changes, dpop }
    }

    /// Counts a request of a session that queries the database.
    ///
    /// # Errors
    /// The session is over its limit.
    pub(crate) fn count_query(&self, session: Uuid) -> Result<(), Error> {
        self.queries.take(session, self.clock.now()).map_err(Error::RateLimited)
    }

    /// Reads a session; beyond the limit of its queries, one read at a time.
    pub(super) async fn read(&self, id: Uuid) -> Result<Option<session::Model>, Error> {
        if self.count_query(id).is_ok() { Ok(self.store.session(id).await?) } else { self.read_serialized(id).await }
    }

    /// Reads a session that is beyond a limit. Such reads wait for each other, so that they do not delay other requests. They are made because
    /// reuse is detected beyond the limits, too: otherwise a thief that uses a limit up with requests that change nothing would stay undetected.
    pub(super) async fn read_serialized(&self, id: Uuid) -> Result<Option<session::Model>, Error> {
        let read = async {
            let _permit = self.reuse_reads.acquire().await;
            self.store.session(id).await
        };
        let waited = timeout(MAX_WAIT, read).await;
        Ok(waited.map_err(|_| Error::Busy("other sessions are read".into()))??)
    }

    /// Starts a session of an account, for a client that has proved to be its user.
    ///
    /// # Errors
    /// The account was changed, disabled or deleted meanwhile, or the database is unavailable.
    pub async fn start(&self, user: &user::Model, jkt: Option<String>, device: &Device) -> Result<TokenAnswer, Error> {
        let row = self.new_row(user.id, jkt, device);
        let ended = self.store.start_session(user, &row, device.entry(Some(user.id)), row.created_at).await?;
        for id in ended.ok_or(Error::InvalidCredentials)? {
            self.note_ended(id);
        }
        self.issue(&row, user)
    }

    /// The key that a sign-in by this client binds its session to.
    ///
    /// # Errors
    /// Its proof is invalid, or missing where it is required.
    pub(crate) fn bind(&self, device: &Device) -> Result<Option<String>, Error> {
        self.dpop.bind(&device.proof, self.clock.now())
    }

    /// The nonce for the next DPoP proof, if there are nonces.
    pub(crate) fn dpop_nonce(&self) -> Option<String> {
        self.dpop.nonce(self.clock.now())
    }

    /// A new session's row.
    pub(crate) fn new_row(&self, user_id: i64, jkt: Option<String>, device: &Device) -> session::Model {
        let (now, first) = (self.clock.now(), Lineage::FIRST);
        session::Model {
            id: Uuid::new_v4(),
            user_id,
            generation: first.generation,
            last_used_generation: -1,
            rotated_at: now,
            created_at: now,
            last_used_at: now,
            expires_at: self.policy.expiry(now, now),
            revoked_at: None,
            user_agent: device.stored_agent(),
            ip: device.address(),
            last_user_agent: None,
            last_ip: None,
            lineage_generation: first.generation,
            parent: first.parent,
            rotated_by: None,
            grandparent: None,
            parent_rotated_by: None,
            superseded: 0,
            access_floor: first.access_floor,
            jkt,
        }
    }

    /// The tokens of a session that has just started.
    pub(crate) fn issue(&self, row: &session::Model, user: &user::Model) -> Result<TokenAnswer, Error> {
        Ok(self.tokens.issue(&row.current(), &user.username, row.created_at)?)
    }

    /// The account's live sessions, the last used first.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn list(&self, user_id: i64) -> Result<Vec<session::Model>, Error> {
        Ok(self.store.live_sessions(user_id, self.clock.now()).await?)
    }

    /// Remembers on this node that a session has ended: after the commit, and before the request is answered.
    pub(super) fn note_ended(&self, id: Uuid) {
        let now = self.clock.now();
        self.cache.invalidate(SessionSelector::One(id));
        self.cache.insert_ended(id, now.saturating_add(self.tokens.access_lifetime()), now);
    }

    /// Removes sessions from this node's cache: those of an account that were ended, or whose rows a test has changed by hand.
    pub fn invalidate(&self, selector: SessionSelector) {
        self.cache.invalidate(selector);
    }
}

impl Policy {
    /// When a session expires that is refreshed now: after its idle time, and no later than its lifetime after its start. In whole
    /// seconds, as the tokens' claims.
    pub(super) fn expiry(self, created_at: Millis, now: Millis) -> Millis {
        let idle = now.saturating_add(millis(self.refresh_ttl));
        idle.min(created_at.saturating_add(millis(self.session_ttl))) / 1000 * 1000
    }
}
