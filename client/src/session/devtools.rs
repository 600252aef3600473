//! Corrupts tokens on purpose, for demonstrations and tests (feature `devtools`).

use crate::{session::Session, storage::record::ActiveSession, tokens::Tokens};

/// A token that no server has signed.
const CORRUPT: &str = "corrupt";

impl Session {
    /// Replaces the access token by an invalid one: the next request is answered 401 and replayed after a refresh.
    pub fn corrupt_access_token(&self) {
        self.corrupt(|tokens| tokens.access_token = CORRUPT.to_owned());
    }

    /// Replaces the refresh token by an invalid one: the session ends with its access token.
    pub fn corrupt_refresh_token(&self) {
        self.corrupt(|tokens| tokens.refresh_token = Some(CORRUPT.to_owned()));
    }

    fn corrupt(&self, change: impl FnOnce(&mut Tokens)) {
        let Some(held) = self.current() else { return };
        let mut session = ActiveSession::clone(&held);
        change(&mut session.tokens);
        self.put_active(session);
    }
}
