//! Sessions: how one starts, goes on, and lets its owner in. How one ends is in `revocation`.

use crate::{
    app::App,
    clock::{Millis, millis},
    error::Error,
    limits::neighbourhood,
    liveness::Live,
    revocation::Reused,
    rotation::{AccessDecision, Decision, Lineage, LogoutDecision, Presented, Presenter, decide, decide_access, decide_logout},
    store::{
        audit::{self, Entry, Event},
        session::{self, Advance, Which},
        user,
    },
    tokens::Claims,
};
use sea_orm::{DatabaseTransaction, DbErr};
use sha2::{Digest, Sha256};
use std::{net::IpAddr, sync::Arc};
use tracing::warn;
use uuid::Uuid;
use wugan_wire::{LogoutScope, TokenAnswer, limits::ATTEMPT};

/// How often a request that lost a race decides again. A race is lost because another request won it, so two would do.
const MAX_ATTEMPTS: usize = 8;

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

/// A client's id of one exchange of one refresh token (`docs/security.md`, rotation).
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt(String);

impl Attempt {
    /// Reads an id as it was sent.
    ///
    /// # Errors
    /// It is not 16 to 64 of `A-Za-z0-9_-`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if ATTEMPT.contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(Error::InvalidRequest("attempt must be 16 to 64 of A-Z, a-z, 0-9, _ and -."))
        }
    }
}

/// The presenter of a refresh token: by its attempt id, or without one by the client's network and `User-Agent`.
fn presenter(attempt: Option<&Attempt>, device: &Device) -> Presenter {
    let hash = |text: String| {
        let mut hash = [0; 16];
        hash.copy_from_slice(&Sha256::digest(text)[..16]);
        hash
    };
    match attempt {
        Some(Attempt(id)) => Presenter::Attempt(hash(format!("attempt {id}"))),
        None => {
            let network = device.ip.map_or_else(String::new, |ip| neighbourhood(ip).to_string());
            Presenter::Client(hash(format!("client {network} {}", device.user_agent.as_deref().unwrap_or_default())))
        }
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
        let (now, first) = (self.clock.now(), Lineage::FIRST);
        let row = session::Model {
            id: Uuid::new_v4(),
            user_id: user.id,
            generation: first.generation,
            last_used_generation: -1,
            rotated_at: now,
            created_at: now,
            last_used_at: now,
            expires_at: self.end(now, now),
            revoked_at: None,
            user_agent: device.user_agent.clone(),
            ip: device.ip.map(|ip| ip.to_string()),
            lineage_generation: first.generation,
            parent: first.parent,
            rotated_by: None,
            grandparent: None,
            parent_rotated_by: None,
            superseded: 0,
            access_floor: first.access_floor,
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
    /// The token is not valid, no longer valid, or reused; or the database is away.
    pub async fn refresh(self: &Arc<Self>, token: &str, attempt: Option<Attempt>, device: Device) -> Result<TokenAnswer, Error> {
        let claims = self.tokens.read_refresh(token).map_err(|_| self.refused())?;
        let presented =
            Presented { generation: claims.generation, expires_at: claims.expires_at(), presenter: presenter(attempt.as_ref(), &device) };
        for _ in 0..MAX_ATTEMPTS {
            let found = session::with_user(self.store.reader(), claims.sid).await?;
            let is_allowed = |row: &session::Model, user: &user::Model| row.user_id == claims.user_id && user.disabled_at.is_none();
            let (row, user) = found.filter(|(row, user)| is_allowed(row, user)).ok_or_else(|| self.refused())?;
            let (state, now) = (row.state(), self.clock.now());
            let advance = |lineage: &Lineage| Advance::to(&row, lineage, now, self.end(row.created_at, now));
            let (outcome, next) = match decide(&presented, &state, now, millis(self.config.reuse_leeway)) {
                Decision::Rotate => {
                    let rotation = advance(&state.lineage.rotated(&presented));
                    let is_ahead = presented.generation > row.generation;
                    let next = if is_ahead {
                        self.go_on_from(rotation, &row, &presented, &device).await
                    } else {
                        rotation.write(&self.store).await
                    };
                    ("rotated", next?)
                }
                Decision::Repeat => ("repeated", Some(row)),
                Decision::Supersede => {
                    ("superseded", advance(&state.lineage.superseded(presented.presenter)).while_unused().write(&self.store).await?)
                }
                Decision::Revoke => {
                    self.revoke_stolen(&row, Reused::Refresh(claims.generation), device).await?;
                    return Err(Error::InvalidGrant);
                }
                Decision::Refuse => return Err(self.refused()),
            };
            if let Some(next) = next {
                self.metrics.refresh(outcome);
                return Ok(self.tokens.issue(&next, &user.username, now)?);
            }
        }
        Err(Error::Busy("a refresh lost every race".into()))
    }

    /// Rotates from a token that is later than its row, and records it: a failover lost commits, or a backup was restored.
    async fn go_on_from(
        &self,
        rotation: Advance,
        row: &session::Model,
        presented: &Presented,
        device: &Device,
    ) -> Result<Option<session::Model>, DbErr> {
        let tx = self.store.begin().await?;
        let Some(next) = rotation.write_in(&tx).await? else { return Ok(None) };
        let detail = format!("the token is of generation {}, the row was at {}", presented.generation, row.generation);
        let entry = Entry { session_id: Some(row.id), detail: Some(detail), ..device.entry(Some(row.user_id)) };
        audit::note(&tx, Event::RowBehindToken, entry, self.clock.now()).await?;
        tx.commit().await?;
        // What is remembered accepts access tokens that the row refuses from now on. Other nodes do so until their entry is 4 s old.
        self.liveness.forget(Which::One(row.id));
        warn!(session = %row.id, presented = presented.generation, row = row.generation, "a row is older than its token: the database lost commits");
        Ok(Some(next))
    }

    /// Ends sessions by a refresh token, which may have expired. A token that is not valid ends nothing and is no error.
    ///
    /// # Errors
    /// The database is away.
    pub async fn logout(self: &Arc<Self>, token: &str, scope: LogoutScope, device: Device) -> Result<(), Error> {
        let Ok(claims) = self.tokens.read_refresh(token) else { return Ok(()) };
        let found = session::by_id(self.store.reader(), claims.sid).await?;
        let Some(row) = found.filter(|row| row.user_id == claims.user_id) else { return Ok(()) };
        let which = match decide_logout(claims.generation, claims.expires_at(), &row.state(), self.clock.now()) {
            LogoutDecision::Ignore => return Ok(()),
            LogoutDecision::Revoke => return self.revoke_stolen(&row, Reused::Refresh(claims.generation), device).await,
            LogoutDecision::End => match scope {
                LogoutScope::This => Which::One(row.id),
                LogoutScope::Others => Which::Others(row.user_id, row.id),
                LogoutScope::All => Which::All(row.user_id),
            },
        };
        self.end_sessions(which, &row, device).await
    }

    /// Accepts an access token if its session is not ended and its generation not superseded. The first use of a generation is written
    /// before it is accepted: from then on its parent is not answered as a lost answer.
    ///
    /// # Errors
    /// The token is not valid, or the database is away.
    pub async fn authenticate(self: &Arc<Self>, token: &str, device: Device) -> Result<Claims, Error> {
        let now = self.clock.now();
        let claims = self.tokens.read_access(token, now).map_err(|_| Error::InvalidToken)?;
        let mut remembered = self.liveness.recall(claims.sid);
        for _ in 0..MAX_ATTEMPTS {
            let (live, row) = match remembered.take() {
                Some(live) => (live, None),
                None => self.load_session(claims.sid).await.map(|(live, row)| (live, Some(row)))?,
            };
            if live.user_id != claims.user_id {
                return Err(Error::InvalidToken);
            }
            match (decide_access(claims.generation, &live.access), row) {
                (AccessDecision::Admit, _) => return Ok(claims),
                (AccessDecision::FirstUse, _) => {
                    if session::write_first_use(&self.store, claims.sid, claims.generation, now).await? {
                        self.liveness.mark_used(claims.sid, claims.generation);
                        return Ok(claims);
                    }
                }
                // What is remembered may be older than the token.
                (AccessDecision::Revoke | AccessDecision::Refuse, None) => {}
                (AccessDecision::Revoke, Some(row)) => {
                    self.revoke_stolen(&row, Reused::Access(claims.generation), device).await?;
                    return Err(Error::InvalidToken);
                }
                (AccessDecision::Refuse, Some(_)) => return Err(Error::InvalidToken),
            }
        }
        Err(Error::Busy("an access token's first use lost every race".into()))
    }

    async fn load_session(&self, id: Uuid) -> Result<(Live, session::Model), Error> {
        let ticket = self.liveness.ticket();
        let row = session::by_id(self.store.reader(), id).await?.filter(|row| row.revoked_at.is_none()).ok_or(Error::InvalidToken)?;
        let live = Live { user_id: row.user_id, access: row.state().access() };
        self.liveness.remember(ticket, id, live);
        Ok((live, row))
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
