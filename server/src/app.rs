//! What every request needs: one value, made at start, shared by all.

use crate::{
    accounts::add_user,
    clock::Clock,
    config::Config,
    error::{Error, StartError},
    http::{body::Room, turn::Turns},
    keys::Keys,
    limits::{Limiter, Limits},
    liveness::Liveness,
    metrics::Metrics,
    passwords::Passwords,
    store::Store,
    tokens::Tokens,
};
use std::sync::atomic::AtomicBool;

/// The server without its HTTP. The rules stand in `accounts` and `sessions`.
pub struct App {
    /// What the operator set.
    pub config: Config,
    /// What time it is.
    pub clock: Clock,
    /// The database.
    pub store: Store,
    /// Makes and reads tokens.
    pub tokens: Tokens,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Which sessions are alive.
    pub liveness: Liveness,
    /// How often somebody may guess.
    pub limits: Limits,
    /// What is counted.
    pub metrics: Metrics,
    /// Room for the bodies that are being read.
    pub bodies: Room,
    /// Whose turn it is to sign in.
    pub turns: Turns,
    /// Whether it was told to stop.
    pub stopping: AtomicBool,
}

impl App {
    /// Opens keys and database, and makes the demo user.
    ///
    /// # Errors
    /// One line that says which of them is not as it should be, and what to do.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, StartError> {
        let keys = Keys::open(&config.signing_key, config.signing_algorithm)?;
        let store = Store::open(&config.database_url).await?;
        let app = Self {
            tokens: Tokens::new(keys, config.issuer.clone(), config.access_ttl),
            passwords: Passwords::new().map_err(|error| StartError(error.to_string()))?,
            limits: Limits {
                names: Limiter::new(config.name_limit),
                elsewhere: Limiter::new(config.name_limit.few()),
                addresses: Limiter::new(config.address_limit),
            },
            liveness: Liveness::default(),
            metrics: Metrics::default(),
            bodies: Room::default(),
            turns: Turns::default(),
            stopping: AtomicBool::new(false),
            config,
            clock,
            store,
        };
        app.make_demo_user().await?;
        Ok(app)
    }

    async fn make_demo_user(&self) -> Result<(), StartError> {
        let Some(demo) = self.config.demo_user.clone() else { return Ok(()) };
        match add_user(&self.store, &self.passwords, &demo.username, demo.password, self.clock.now()).await {
            Ok(_) | Err(Error::UsernameTaken) => Ok(()),
            Err(error) => Err(StartError(format!("cannot make the demo user: {error:?}"))),
        }
    }
}
