//! A session in memory leaves no record of its end, and the browser may still have the cookie: a mark in the storage says that the user
//! signed out. It contains no token.

use super::handle::Session;

impl Session {
    pub(super) fn set_sign_out_mark(&self, is_signed_out: bool) {
        if self.0.settings.is_in_memory && !self.0.grant.needs_refresh_token() {
            // Without a storage, a reload forgets the sign-out.
            let _ = self.0.transport.platform.set(&self.sign_out_key(), if is_signed_out { "1" } else { "" });
        }
    }

    pub(crate) fn has_sign_out_mark(&self) -> bool {
        let is_signed_out = |mark: String| mark == "1";
        self.0.settings.is_in_memory && self.0.transport.platform.get(&self.sign_out_key()).ok().flatten().is_some_and(is_signed_out)
    }

    fn sign_out_key(&self) -> String {
        format!("{}.signed_out", self.0.settings.storage_key)
    }
}
