//! The settings of an [`Auth`](crate::Auth).

use crate::{
    clock::Clock,
    error::StartError,
    keys::SigningAlgorithm,
    limiter::Rate,
    proxies::{ForwardedHeader, TrustedProxies},
    sessions::Policy,
};
use ipnet::IpNet;
use std::{path::PathBuf, time::Duration};

/// The settings of an [`Auth`](crate::Auth): database, keys, lifetimes, limits. It has no `Debug`: the database URL may hold a password.
#[derive(Clone)]
pub struct Options {
    pub(crate) database_url: String,
    pub(crate) database_connections: u32,
    pub(crate) signing_key: PathBuf,
    pub(crate) signing_algorithm: SigningAlgorithm,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) access_ttl: Duration,
    pub(crate) policy: Policy,
    pub(crate) audit_ttl: Duration,
    pub(crate) name_limit: Rate,
    pub(crate) network_limit: Rate,
    pub(crate) request_timeout: Duration,
    pub(crate) proxies: TrustedProxies,
    pub(crate) query_refresh: bool,
    pub(crate) registration: bool,
    pub(crate) requires_dpop: bool,
    pub(crate) dpop_nonces: bool,
    pub(crate) clock: Clock,
}

impl Options {
    /// The defaults on this database: `sqlite://FILE`, `postgres://USER:PASSWORD@HOST/NAME` or `mysql://USER:PASSWORD@HOST/NAME`. A SQLite
    /// file is created if it is missing. The database is for this library alone: it makes the tables `users`, `sessions`, `audit` and
    /// `seaql_migrations`. On PostgreSQL a schema is enough: `?options[search_path]=auth` at the end of the URL.
    #[must_use]
    pub fn new(database_url: impl Into<String>) -> Self {
        let (minutes, days) = (|count: u64| Duration::from_secs(count * 60), |count: u64| Duration::from_secs(count * 24 * 3600));
        Self {
            database_url: database_url.into(),
            database_connections: 16,
            signing_key: "wugan.key".into(),
            signing_algorithm: SigningAlgorithm::default(),
            issuer: "wugan".into(),
            audience: "wugan".into(),
            access_ttl: minutes(30),
            policy: Policy {
                refresh_ttl: days(7),
                session_ttl: days(30),
                reuse_leeway: Duration::from_secs(10),
                refresh_limit: Rate { burst: 120, period: minutes(1) },
            },
            audit_ttl: days(90),
            name_limit: Rate { burst: 10, period: minutes(5) },
            network_limit: Rate { burst: 300, period: minutes(5) },
            request_timeout: Duration::from_secs(30),
            proxies: TrustedProxies::default(),
            query_refresh: true,
            registration: true,
            requires_dpop: false,
            dpop_nonces: false,
            clock: Clock::default(),
        }
    }

    /// How many connections are opened to a database server, 16 by default and at least 4: half of them for refreshes and guarded requests,
    /// half for the rest. SQLite has a fixed number.
    #[must_use]
    pub fn database_connections(self, count: u32) -> Self {
        Self { database_connections: count, ..self }
    }

    /// The file with the signing keys, a JWK set; `wugan.key` by default. It is created if it is missing, with mode 0600. Its content
    /// allows signing in as any user. All instances of an application need the same file, also after a deployment: a token that another key
    /// signed is refused, and its user is signed out.
    #[must_use]
    pub fn signing_key(self, file: impl Into<PathBuf>) -> Self {
        Self { signing_key: file.into(), ..self }
    }

    /// The algorithm of a new key. With Ed25519 other services can verify access tokens by `/.well-known/jwks.json`.
    #[must_use]
    pub fn signing_algorithm(self, algorithm: SigningAlgorithm) -> Self {
        Self { signing_algorithm: algorithm, ..self }
    }

    /// The claims `iss` and `aud` of the tokens; `wugan` by default. Tokens with others are refused.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), audience: audience.into(), ..self }
    }

    /// The lifetime of an access token; 30 minutes by default.
    #[must_use]
    pub fn access_ttl(self, ttl: Duration) -> Self {
        Self { access_ttl: ttl, ..self }
    }

    /// The lifetime of a refresh token; 7 days by default. Each refresh issues a new one, so this is how long a session may be idle.
    #[must_use]
    pub fn refresh_ttl(self, ttl: Duration) -> Self {
        Self { policy: Policy { refresh_ttl: ttl, ..self.policy }, ..self }
    }

    /// The lifetime of a session from its start, regardless of refreshes; 30 days by default.
    #[must_use]
    pub fn session_ttl(self, ttl: Duration) -> Self {
        Self { policy: Policy { session_ttl: ttl, ..self.policy }, ..self }
    }

    /// For clients without attempt ids: how long after the first use of a refresh token's successor the same client gets that successor
    /// again; 10 seconds by default.
    #[must_use]
    pub fn reuse_leeway(self, leeway: Duration) -> Self {
        Self { policy: Policy { reuse_leeway: leeway, ..self.policy }, ..self }
    }

    /// How often one session may be refreshed, and end the account's other sessions; 120 times in a minute by default. More is answered 429.
    #[must_use]
    pub fn session_limit(self, refreshes: Rate) -> Self {
        Self { policy: Policy { refresh_limit: refreshes, ..self.policy }, ..self }
    }

    /// How long the audit trail is kept; 90 days by default.
    #[must_use]
    pub fn audit_ttl(self, ttl: Duration) -> Self {
        Self { audit_ttl: ttl, ..self }
    }

    /// How often passwords may be tried for one name (10 times in 5 minutes by default), and how many sign-ins, registrations and resets one
    /// network may send, with right passwords too (300 in 5 minutes).
    #[must_use]
    pub fn limits(self, name: Rate, network: Rate) -> Self {
        Self { name_limit: name, network_limit: network, ..self }
    }

    /// How long a request's body may take to arrive; 30 seconds by default.
    #[must_use]
    pub fn request_timeout(self, timeout: Duration) -> Self {
        Self { request_timeout: timeout, ..self }
    }

    /// The networks whose hosts are proxies of this application. This header is trusted from them alone.
    #[must_use]
    pub fn trusted_proxies(self, networks: impl IntoIterator<Item = IpNet>, header: ForwardedHeader) -> Self {
        Self { proxies: TrustedProxies::new(networks, header), ..self }
    }

    /// Whether `GET /user/refresh?refresh_token=…` is answered, as clients of the NestJS tutorial send it
    /// (`docs/guide/src/tutorial.md`); true by default. Proxies log queries.
    #[must_use]
    pub fn query_refresh(self, allow: bool) -> Self {
        Self { query_refresh: allow, ..self }
    }

    /// Whether `POST /user/register` is answered, with which visitors make accounts; true by default. Otherwise accounts are made by
    /// [`Auth::create_account`](crate::Auth::create_account) and [`Auth::start_session`](crate::Auth::start_session). An application with
    /// users of its own needs false: visitors that register pass the guard.
    #[must_use]
    pub fn registration(self, allow: bool) -> Self {
        Self { registration: allow, ..self }
    }

    /// Whether each session must be bound to a key of its client (DPoP, RFC 9449); false by default. A sign-in without a proof is then
    /// refused, and so are tokens that are not bound. Otherwise a sign-in with a proof is bound, and one without gets Bearer tokens.
    #[must_use]
    pub fn require_dpop(self, require: bool) -> Self {
        Self { requires_dpop: require, ..self }
    }

    /// Whether DPoP proofs must contain a nonce of the server in place of an exact time; false by default. Add [`Auth::dpop_nonce`] to the
    /// answers of the application's own routes, so that clients need no second request for a new one.
    ///
    /// [`Auth::dpop_nonce`]: crate::Auth::dpop_nonce
    #[must_use]
    pub fn dpop_nonces(self, use_nonces: bool) -> Self {
        Self { dpop_nonces: use_nonces, ..self }
    }

    /// The clock, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Whether the values can be used.
    ///
    /// # Errors
    /// One cannot; the text names it.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        let Policy { refresh_ttl, session_ttl, refresh_limit, .. } = self.policy;
        if self.database_connections < 4 {
            return Err(StartError(
                "database_connections must be at least 4: refreshes have half of them, of which first uses of access tokens take half"
                    .into(),
            ));
        }
        for (name, ttl) in [("access_ttl", self.access_ttl), ("refresh_ttl", refresh_ttl), ("session_ttl", session_ttl)] {
            if ttl < Duration::from_secs(1) {
                return Err(StartError(format!("{name} must be at least one second: tokens expire at whole seconds")));
            }
        }
        for (name, rate) in
            [("the limit for a name", self.name_limit), ("the limit for a network", self.network_limit), ("session_limit", refresh_limit)]
        {
            rate.check().map_err(|rule| StartError(format!("{name}: {rule}")))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_25_values_that_cannot_be_used_are_named() {
        let problem = |change: fn(Options) -> Options| change(Options::new("sqlite://app.db")).check().err().map(|error| error.0);
        assert_eq!(problem(|options| options.database_connections(4)), None);
        let is_named = |name, change| assert!(problem(change).is_some_and(|text| text.starts_with(name)), "{name}");
        is_named("database_connections", |options| options.database_connections(3));
        is_named("access_ttl", |options| options.access_ttl(Duration::from_millis(999)));
        is_named("session_limit", |options| options.session_limit(Rate { burst: 0, period: Duration::from_secs(1) }));
    }
}
