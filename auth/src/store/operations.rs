//! The operations on accounts and sessions. Each is atomic, with its entry in the audit trail.

use super::{
    audit::{self, Entry, Event},
    database::Store,
    session::{self, SessionSelector},
    user,
};
use crate::clock::Millis;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// The largest number of live sessions of an account. A new one ends the oldest.
const MAX_SESSIONS_PER_USER: u64 = 100;

/// A new account.
pub struct NewUser<'a> {
    /// The name as it is shown.
    pub username: &'a str,
    /// The name as it is compared.
    pub key: &'a str,
    /// The PHC string of the password; empty without one.
    pub hash: String,
}

impl Store {
    /// The account of that id.
    pub async fn user_by_id(&self, id: i64) -> Result<Option<user::Model>, DbErr> {
        self.limited(user::Entity::find_by_id(id).one(self.reader())).await
    }

    /// The account of that name key.
    pub async fn user_by_key(&self, key: &str) -> Result<Option<user::Model>, DbErr> {
        self.limited(user::Entity::find().filter(user::Column::NameKey.eq(key)).one(self.reader())).await
    }

    /// The account that a one-time code was made for.
    pub async fn user_by_reset_hash(&self, hash: &str) -> Result<Option<user::Model>, DbErr> {
        self.limited(user::Entity::find().filter(user::Column::ResetHash.eq(hash)).one(self.reader())).await
    }

    /// All accounts, the oldest first.
    pub async fn users(&self) -> Result<Vec<user::Model>, DbErr> {
        user::Entity::find().order_by_asc(user::Column::Id).all(self.reader()).await
    }

    /// The names of the accounts with these ids.
    pub async fn user_names(&self, ids: BTreeSet<i64>) -> Result<HashMap<i64, String>, DbErr> {
        let named = user::Entity::find().filter(user::Column::Id.is_in(ids)).all(self.reader());
        Ok(self.limited(named).await?.into_iter().map(|user| (user.id, user.username)).collect())
    }

    /// The account's live sessions, the last used first.
    pub async fn live_sessions(&self, user: i64, now: Millis) -> Result<Vec<session::Model>, DbErr> {
        self.limited(session::live(self.reader(), user, now)).await
    }

    /// The addresses at which the account's live sessions were started.
    pub async fn session_addresses(&self, user: i64, now: Millis) -> Result<Vec<String>, DbErr> {
        self.limited(session::addresses(self.reader(), user, now)).await
    }

    /// The events since `then`, the newest first.
    pub async fn events(&self, then: Millis, user: Option<i64>, limit: u64) -> Result<Vec<audit::Model>, DbErr> {
        self.limited(audit::since(self.reader(), then, user, limit)).await
    }

    /// Records events of one kind, each with its time.
    pub async fn record_all(&self, event: Event, entries: &[(Millis, Entry)]) -> Result<(), DbErr> {
        if entries.is_empty() {
            return Ok(());
        }
        self.transact(|tx| async move {
            audit::record_all(&*tx, event, entries).await?;
            tx.commit().await
        })
        .await
    }

    /// Creates an account, with a session if there is one to start. `None` if the name is taken.
    pub async fn create_user(
        &self,
        new: NewUser<'_>,
        entry: Entry,
        session: impl Fn(&user::Model) -> Option<session::Model>,
        now: Millis,
    ) -> Result<Option<(user::Model, Option<session::Model>)>, DbErr> {
        let (new, entry, session) = (&new, &entry, &session);
        self.transact(|tx| async move {
            let Some(user) = user::insert(&*tx, new.username, new.key, new.hash.clone(), now).await? else { return Ok(None) };
            let entry = Entry { user_id: Some(user.id), ..entry.clone() };
            audit::record(&*tx, Event::Registered, entry.clone(), now).await?;
            let session = session(&user);
            if let Some(session) = &session {
                start_session(&*tx, &user, session, &entry, now).await?.ok_or(DbErr::RecordNotInserted)?;
            }
            tx.commit().await?;
            Ok(Some((user, session)))
        })
        .await
    }

    /// Starts a session. Returns the ids of older sessions that were ended because the account had too many, or `None` if the account's
    /// password was changed, or the account was disabled or deleted meanwhile.
    pub async fn start_session(
        &self,
        user: &user::Model,
        session: &session::Model,
        entry: Entry,
        now: Millis,
    ) -> Result<Option<Vec<Uuid>>, DbErr> {
        let entry = &entry;
        self.transact(|tx| async move {
            let ended = start_session(&*tx, user, session, entry, now).await?;
            if ended.is_some() {
                tx.commit().await?;
            }
            Ok(ended)
        })
        .await
    }

    /// Ends sessions and records the event that `describe` makes of their number. Nothing is recorded if none was live.
    pub async fn end_sessions(
        &self,
        selector: SessionSelector,
        event: Event,
        describe: impl Fn(u64) -> Entry,
        now: Millis,
    ) -> Result<u64, DbErr> {
        let describe = &describe;
        self.transact(|tx| async move {
            let ended = session::revoke(&*tx, selector, now).await?;
            if ended > 0 {
                audit::record(&*tx, event, describe(ended), now).await?;
            }
            tx.commit().await?;
            Ok(ended)
        })
        .await
    }

    /// Replaces a password hash that was made with older parameters.
    pub async fn replace_hash(&self, user: &user::Model, hash: &str) -> Result<bool, DbErr> {
        self.transact(|tx| async move {
            let is_replaced = user::replace_hash(&*tx, user, hash).await?;
            tx.commit().await?;
            Ok(is_replaced)
        })
        .await
    }

    /// Sets a new password, ends all sessions of the account and starts a new one. False if the password or the one-time code was
    /// changed meanwhile, or the account was disabled or deleted.
    pub async fn change_password(
        &self,
        user: &user::Model,
        hash: String,
        session: &session::Model,
        event: Event,
        entry: Entry,
        now: Millis,
    ) -> Result<bool, DbErr> {
        let (hash, entry) = (&hash, &entry);
        self.transact(|tx| async move {
            // The account's row first: a sign-in with the old password waits for this lock, or has ended and its session is ended below.
            if !user::replace_hash(&*tx, user, hash).await? {
                return Ok(false);
            }
            let ended = session::revoke(&*tx, SessionSelector::All(user.id), now).await?;
            let detail = Some(audit::sessions_ended(ended));
            audit::record(&*tx, event, Entry { detail, ..entry.clone() }, now).await?;
            let changed = user::Model { password_hash: hash.clone(), ..user.clone() };
            if start_session(&*tx, &changed, session, entry, now).await?.is_none() {
                return Ok(false);
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Sets a one-time code for a new password.
    pub async fn set_reset(&self, user: i64, hash: &str, expires_at: Millis, entry: Entry, now: Millis) -> Result<(), DbErr> {
        let entry = &entry;
        self.transact(|tx| async move {
            user::set_reset(&*tx, user, hash, expires_at).await?;
            audit::record(&*tx, Event::ResetCodeMade, entry.clone(), now).await?;
            tx.commit().await
        })
        .await
    }

    /// Deletes an account with its sessions. False if its password was changed, or it was deleted meanwhile.
    pub async fn delete_user(&self, user: &user::Model, entry: Entry, now: Millis) -> Result<bool, DbErr> {
        let entry = &entry;
        self.transact(|tx| async move {
            if !user::delete(&*tx, user).await? {
                return Ok(false);
            }
            // The foreign key does the same in databases that enforce it.
            session::delete_all(&*tx, user.id).await?;
            audit::record(&*tx, Event::AccountDeleted, entry.clone(), now).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Disables an account and ends its sessions, or enables it. Returns the number of sessions that were ended.
    pub async fn set_disabled(&self, user: i64, disabled: bool, now: Millis) -> Result<u64, DbErr> {
        self.transact(|tx| async move {
            user::set_disabled(&*tx, user, disabled.then_some(now)).await?;
            let ended = if disabled { session::revoke(&*tx, SessionSelector::All(user), now).await? } else { 0 };
            let event = if disabled { Event::UserDisabled } else { Event::UserEnabled };
            let entry = Entry { user_id: Some(user), detail: Some(audit::sessions_ended(ended)), ..Entry::default() };
            audit::record(&*tx, event, entry, now).await?;
            tx.commit().await?;
            Ok(ended)
        })
        .await
    }

    /// Whether more than half of the sessions, and many, were started before this time.
    pub async fn are_most_sessions_from_before(&self, started_before: Millis) -> Result<bool, DbErr> {
        self.limited(session::are_most_from_before(self.reader(), started_before)).await
    }

    /// Deletes old rows, at most `limit` of each kind: sessions that ended before `ended_before` or were started before
    /// `started_before`, and events from before `events_before`. Returns their number.
    pub async fn purge(&self, ended_before: Millis, started_before: Millis, events_before: Millis, limit: u64) -> Result<u64, DbErr> {
        self.transact(|tx| async move {
            let sessions = session::purge(&*tx, ended_before, started_before, limit).await?;
            let events = audit::purge(&*tx, events_before, limit).await?;
            tx.commit().await?;
            Ok(sessions + events)
        })
        .await
    }
}

/// Starts a session in a transaction; see [`Store::start_session`].
async fn start_session(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    session: &session::Model,
    entry: &Entry,
    now: Millis,
) -> Result<Option<Vec<Uuid>>, DbErr> {
    if !user::record_login(tx, user, now).await? {
        return Ok(None);
    }
    let ended = session::revoke_oldest(tx, user.id, MAX_SESSIONS_PER_USER - 1, now).await?;
    for id in &ended {
        let detail = Some(format!("the account had more than {MAX_SESSIONS_PER_USER} sessions"));
        audit::record(tx, Event::SessionsEnded, Entry { session_id: Some(*id), detail, ..entry.clone() }, now).await?;
    }
    session::insert(tx, session.clone()).await?;
    audit::record(tx, Event::SignedIn, Entry { session_id: Some(session.id), ..entry.clone() }, now).await?;
    Ok(Some(ended))
}
