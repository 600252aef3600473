//! Ending sessions: by their user, by a verdict of theft, with a new password, with the account.
//!
//! What was begun is done to its end, whoever hangs up meanwhile. A request whose caller is gone is dropped where it stands: before the
//! commit a thief could save his session that way, and after it this node would go on letting its access token in.

use crate::{
    app::App,
    error::Error,
    sessions::Device,
    store::{
        audit::{self, Entry, Event},
        session::{self, Which},
        user,
    },
};
use std::{fmt, sync::Arc};
use tracing::{Instrument, Span, warn};
use uuid::Uuid;

/// Does work in a task of its own, and says what came of it to whoever still waits.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Result<T, Error> {
    let done = tokio::spawn(work.instrument(Span::current())).await;
    done.unwrap_or_else(|_| Err(Error::Internal("ending sessions broke off".into())))
}

/// The token that showed a reuse, by its generation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reused {
    /// A refresh token that had been replaced or superseded.
    Refresh(i64),
    /// An access token of a superseded generation.
    Access(i64),
}

impl fmt::Display for Reused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refresh(generation) => write!(f, "refresh token of generation {generation} was used again"),
            Self::Access(generation) => write!(f, "access token of superseded generation {generation} was used"),
        }
    }
}

impl App {
    /// Ends sessions on the word of one of them, here at once.
    ///
    /// # Errors
    /// The database is away.
    pub async fn end_sessions(self: &Arc<Self>, which: Which, by: &session::Model, device: Device) -> Result<(), Error> {
        let (app, user, by) = (self.clone(), by.user_id, by.id);
        to_its_end(async move {
            let now = app.clock.now();
            let tx = app.store.begin().await?;
            let ended = session::revoke(&tx, which, now).await?;
            if ended > 0 {
                let detail = match which {
                    Which::One(_) => "this one".into(),
                    Which::Others(..) => format!("{ended} others"),
                    Which::All(_) => format!("all {ended}"),
                };
                let entry = Entry { session_id: Some(by), detail: Some(detail), ..device.entry(Some(user)) };
                audit::note(&tx, Event::SessionsEnded, entry, now).await?;
            }
            tx.commit().await?;
            app.liveness.forget(which);
            Ok(())
        })
        .await
    }

    /// Ends a session because a replaced or superseded token of it was used. `device` is where that request came from: the thief's or
    /// the owner's.
    pub(crate) async fn revoke_stolen(self: &Arc<Self>, row: &session::Model, reused: Reused, device: Device) -> Result<(), Error> {
        let (app, row) = (self.clone(), row.clone());
        to_its_end(async move {
            let (which, now) = (Which::One(row.id), app.clock.now());
            let tx = app.store.begin().await?;
            let ended = session::revoke(&tx, which, now).await?;
            if ended > 0 {
                let home = row.ip.as_deref().unwrap_or("an address that is not known");
                let detail = format!("{reused}, the current one is {}; it was signed in from {home}", row.generation);
                let entry = Entry { session_id: Some(row.id), detail: Some(detail), ..device.entry(Some(row.user_id)) };
                audit::note(&tx, Event::ReuseDetected, entry, now).await?;
            }
            // Committed before the request fails: a verdict of theft is never rolled back with it.
            tx.commit().await?;
            app.liveness.forget(which);
            if ended > 0 {
                app.metrics.refresh("revoked");
                warn!(session = %row.id, user = row.user_id, %reused, current = row.generation, "reuse of a token: the session was ended");
            }
            Ok(())
        })
        .await
    }

    /// Gives an account another hash, and ends all its sessions but this one.
    pub(crate) async fn replace_password(
        self: &Arc<Self>,
        user: user::Model,
        hash: String,
        keep: Uuid,
        device: Device,
    ) -> Result<(), Error> {
        let app = self.clone();
        to_its_end(async move {
            let (others, now) = (Which::Others(user.id, keep), app.clock.now());
            let tx = app.store.begin().await?;
            // The user's row first: whoever signs in with the old password waits behind it, or is done and among the sessions below.
            if !user::replace_hash(&tx, &user, &hash).await? {
                return Err(Error::WrongPassword);
            }
            let ended = session::revoke(&tx, others, now).await?;
            let detail = Some(format!("{ended} other sessions ended"));
            audit::note(&tx, Event::PasswordChanged, Entry { session_id: Some(keep), detail, ..device.entry(Some(user.id)) }, now).await?;
            tx.commit().await?;
            app.liveness.forget(others);
            Ok(())
        })
        .await
    }

    /// Deletes an account with all its sessions.
    pub(crate) async fn delete_user(self: &Arc<Self>, user: user::Model, device: Device) -> Result<(), Error> {
        let app = self.clone();
        to_its_end(async move {
            let tx = app.store.begin().await?;
            if !user::delete(&tx, &user).await? {
                return Err(Error::WrongPassword);
            }
            // A foreign key would do it too, where it is kept.
            session::delete_all(&tx, user.id).await?;
            audit::note(&tx, Event::AccountDeleted, device.entry(Some(user.id)), app.clock.now()).await?;
            tx.commit().await?;
            app.liveness.forget(Which::All(user.id));
            Ok(())
        })
        .await
    }
}
