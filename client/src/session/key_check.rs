//! Ends a session whose key is lost: the browser removed it, or the tokens were copied without it.

use crate::{
    error::{Error, SignOutReason},
    rules::{Rule, is_broken},
    session::Session,
    storage::record::Credential,
};

impl Session {
    /// The key belongs to the session that has ended: the next one may have another.
    pub(crate) fn drop_cached_key(&self) {
        if let Some(dpop) = &self.0.transport.dpop {
            dpop.drop_cached_key();
        }
    }

    /// Checks in the background that a session that has just begun, here or in another tab, has its key.
    pub(crate) fn check_key(&self) {
        let (Some(dpop), Some(held)) = (self.0.transport.dpop.clone(), self.held()) else { return };
        let session = self.clone();
        self.0.transport.platform.spawn(Box::pin(async move {
            // A user may have signed in meanwhile.
            if let Ok(None) = dpop.key().await
                && !is_broken(Rule::LostKeyEndsSession)
                && let Ok(latest) = session.latest_of(&held)
            {
                session.end(&latest.session, SignOutReason::KeyLost);
            }
        }));
    }

    /// Ends the session if the exchange failed because its key is missing.
    pub(crate) fn note_failed_exchange(&self, held: &Credential, error: &Error) {
        if *error == Error::SignedOut(SignOutReason::KeyLost) && self.latest_of(held).is_ok() {
            self.end(&held.session, SignOutReason::KeyLost);
        }
    }
}
