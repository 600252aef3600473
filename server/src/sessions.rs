//! Sessions: how one starts, goes on, and lets its owner in. How one ends is in `revocation`.

use crate::{
    app::App,
    clock::{Millis, millis},
    error::Error,
    liveness::Live,
    rotation::{Decision, decide},
    store::{
        audit::{self, Entry, Event},
        session::{self, Which},
        user,
    },
    tokens::Claims,
};
use sea_orm::DatabaseTransaction;
use std::{net::IpAddr, sync::Arc};
use uuid::Uuid;
use wugan_wire::{LogoutScope, TokenAnswer};

/// How often a refresh that lost a race looks again. Each loss means that another one won, so two are plenty.
const LOOKS: usize = 8;

/// What signs in.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// The address it calls from.
    pub ip: Option<IpAddr>,
}

impl Device {
    /// What the audit trail says of what was done from here.
    #[must_use]
    pub fn entry(&self, user_id: Option<i64>) -> Entry {
        Entry { user_id, ip: self.ip.map(|ip| ip.to_string()), user_agent: self.user_agent.clone(), ..Entry::default() }
    }
}

impl App {
    /// Signs a user in whose password was right.
    ///
    /// # Errors
    /// The account was changed, disabled or deleted meanwhile, or the database is away.
    pub async fn start_session(&self, user: &user::Model, device: Device) -> Result<TokenAnswer, Error> {
        let tx = self.store.begin().await?;
        let row = self.add_session(&tx, user, &device).await?;
        tx.commit().await?;
        Ok(self.tokens.issue(&row, &user.username, row.created_at)?)
    }

    /// A new session, together with the sign-in or the registration that it comes of.
    pub(crate) async fn add_session(&self, tx: &DatabaseTransaction, user: &user::Model, device: &Device) -> Result<session::Model, Error> {
        let now = self.clock.now();
        let row = session::Model {
            id: Uuid::new_v4(),
            user_id: user.id,
            generation: 0,
            confirmed: -1,
            rotated_at: now,
            created_at: now,
            last_used_at: now,
            expires_at: self.end(now, now),
            revoked_at: None,
            user_agent: device.user_agent.clone(),
            ip: device.ip.map(|ip| ip.to_string()),
        };
        if !user::note_login(tx, user, now).await? {
            return Err(Error::InvalidCredentials);
        }
        session::insert(tx, row.clone()).await?;
        audit::note(tx, Event::SignedIn, Entry { session_id: Some(row.id), ..device.entry(Some(user.id)) }, now).await?;
        Ok(row)
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// # Errors
    /// The token is not good, no longer good, or stolen; or the database is away.
    pub async fn refresh(self: &Arc<Self>, token: &str, device: Device) -> Result<TokenAnswer, Error> {
        let claims = self.tokens.read_refresh(token).map_err(|_| self.refused())?;
        for _ in 0..LOOKS {
            let found = session::with_user(self.store.reader(), claims.sid).await?;
            let (row, user) = found.filter(|(row, _)| row.user_id == claims.user_id).ok_or_else(|| self.refused())?;
            let now = self.clock.now();
            match decide(claims.generation, &row.standing(), now, millis(self.config.reuse_leeway)) {
                Decision::Rotate => {
                    let end = self.end(row.created_at, now);
                    if let Some(next) = session::rotate(&self.store, &row, now, end).await? {
                        self.metrics.refresh("rotated");
                        return Ok(self.tokens.issue(&next, &user.username, now)?);
                    }
                }
                Decision::Repeat => {
                    self.metrics.refresh("repeated");
                    return Ok(self.tokens.issue(&row, &user.username, now)?);
                }
                Decision::Revoke => {
                    self.revoke_stolen(&row, claims.generation, device).await?;
                    return Err(Error::InvalidGrant);
                }
                Decision::Refuse => return Err(self.refused()),
            }
        }
        Err(Error::Busy("a refresh lost every race".into()))
    }

    /// Ends sessions by a refresh token, which may have run out. One that is not good ends nothing, and nobody is told.
    ///
    /// # Errors
    /// The database is away.
    pub async fn logout(self: &Arc<Self>, token: &str, scope: LogoutScope, device: Device) -> Result<(), Error> {
        let Ok(claims) = self.tokens.read_refresh(token) else { return Ok(()) };
        let found = session::by_id(self.store.reader(), claims.sid).await?;
        let Some(row) = found.filter(|row| row.user_id == claims.user_id) else { return Ok(()) };
        let which = match decide(claims.generation, &row.standing(), self.clock.now(), millis(self.config.reuse_leeway)) {
            Decision::Refuse => return Ok(()),
            // Who holds a stolen token ends the session it was stolen from, and no other.
            Decision::Revoke => return self.revoke_stolen(&row, claims.generation, device).await,
            Decision::Rotate | Decision::Repeat => match scope {
                LogoutScope::This => Which::One(row.id),
                LogoutScope::Others => Which::Others(row.user_id, row.id),
                LogoutScope::All => Which::All(row.user_id),
            },
        };
        self.end_sessions(which, &row, device).await
    }

    /// Lets an access token in if its session is alive, and notes the first use of its generation: from then on the token before it
    /// is no lost answer any more.
    ///
    /// # Errors
    /// The token is not good, or the database is away.
    pub async fn admit(&self, token: &str) -> Result<Claims, Error> {
        let now = self.clock.now();
        let claims = self.tokens.read_access(token, now).map_err(|_| Error::InvalidToken)?;
        let live = match self.liveness.recall(claims.sid) {
            Some(live) => live,
            None => self.look_up(claims.sid).await?,
        };
        if live.user_id != claims.user_id {
            return Err(Error::InvalidToken);
        }
        if live.confirmed < claims.generation {
            session::confirm(&self.store, claims.sid, claims.generation, now).await?;
            self.liveness.confirm(claims.sid, claims.generation);
        }
        Ok(claims)
    }

    async fn look_up(&self, id: Uuid) -> Result<Live, Error> {
        let ticket = self.liveness.ticket();
        let row = session::by_id(self.store.reader(), id).await?.filter(|row| row.revoked_at.is_none()).ok_or(Error::InvalidToken)?;
        let live = Live { user_id: row.user_id, confirmed: row.confirmed };
        self.liveness.remember(ticket, id, live);
        Ok(live)
    }

    fn refused(&self) -> Error {
        self.metrics.refresh("refused");
        Error::InvalidGrant
    }

    /// When a session runs out that is refreshed now: after its idle time, and in any case its whole time after its sign-in. In whole
    /// seconds, as its tokens say it.
    fn end(&self, created_at: Millis, now: Millis) -> Millis {
        let idle = now.saturating_add(millis(self.config.refresh_ttl));
        idle.min(created_at.saturating_add(millis(self.config.session_ttl))) / 1000 * 1000
    }
}
