//! Takes over the session that version 0.1 of the library stored (record version 1) under a key without the backend's name.
//!
//! A tab with the old version may be refreshing. So the old lock is held, and the old record is marked as ended: the old version signs
//! out, and never exchanges the refresh token that this version has taken over.

use crate::{
    error::SignOutReason,
    platform::within,
    session::Session,
    storage::{
        lock::{STORE_LAG, release_after_lag},
        record::{ActiveSession, Record},
    },
};

impl Session {
    /// Starts the migration, if there is an old session and no later one.
    pub(crate) fn start_migration(&self, old_key: &str) {
        if self.held().is_some() || self.old_session(old_key).is_none_or(|old| !self.0.store.is_latest(&old.session)) {
            return;
        }
        self.0.is_migrating.set(true);
        let (session, old_key) = (self.clone(), old_key.to_owned());
        self.0.transport.platform.spawn(Box::pin(async move {
            let platform = &session.0.transport.platform;
            // Version 0.1 named its lock like its key.
            let lock = match platform.lock(&old_key) {
                Some(lock) => within(platform, session.0.settings.lock_timeout, lock).await.ok(),
                None => None,
            };
            // The previous holder may have refreshed: its write needs a moment to arrive here.
            platform.sleep(STORE_LAG / 10).await;
            let is_signed_in = session.current().is_some();
            session.0.is_migrating.set(false);
            if let Some(old) = session.old_session(&old_key) {
                let ended = format!("{{\"v\":1,\"session\":\"{}\",\"ended\":\"Elsewhere\"}}", old.session);
                if !is_signed_in && session.0.store.is_latest(&old.session) {
                    session.begin_as(old);
                } else if session.sign_out_reason() == Some(SignOutReason::ByUser) {
                    session.revoke(old.tokens.refresh_token.as_deref(), &old.tokens.attempt, None, true);
                } else {
                    return release_after_lag(platform, lock);
                }
                let _ = session.0.storage.set(&old_key, &ended);
            }
            release_after_lag(platform, lock);
        }));
    }

    fn old_session(&self, old_key: &str) -> Option<ActiveSession> {
        let text = self.0.storage.get(old_key).ok().flatten()?;
        match Record::read_version_1(&text)? {
            Record::Active(active) => Some(ActiveSession::clone(&active)),
            Record::Ended { .. } => None,
        }
    }
}
