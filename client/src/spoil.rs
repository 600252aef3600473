//! Breaking a session on purpose, to see it mend itself: for demonstrations and tests (feature "devtool").

use crate::{
    record::{Active, Record},
    session::Session,
    tokens::Tokens,
};
use std::rc::Rc;

/// No server has ever signed this.
const SPOILT: &str = "spoilt";

impl Session {
    /// Puts rubbish in the place of the access token: the next request will be refused, and will notice nothing.
    pub fn spoil_access_token(&self) {
        self.spoil(|tokens| tokens.access_token = SPOILT.to_owned());
    }

    /// Puts rubbish in the place of the refresh token: the session ends when its access token does.
    pub fn spoil_refresh_token(&self) {
        self.spoil(|tokens| tokens.refresh_token = Some(SPOILT.to_owned()));
    }

    fn spoil(&self, change: impl FnOnce(&mut Tokens)) {
        let Some(held) = self.current() else { return };
        let mut tokens = held.tokens.clone();
        change(&mut tokens);
        self.put(Record::Live(Rc::new(Active { session: held.session.clone(), tokens, rejected: held.rejected })));
    }
}
