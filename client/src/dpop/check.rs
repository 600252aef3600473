//! Ends a session whose key is lost: the browser removed it, or the tokens were copied without it.

use crate::{dpop::Dpop, error::SignOutReason, session::Session};
use std::rc::Rc;

impl Dpop {
    /// Checks in the background.
    pub(crate) fn check(self: &Rc<Self>, session: &Session) {
        let (this, session) = (self.clone(), session.clone());
        session.0.transport.platform.clone().spawn(Box::pin(async move {
            if let (Some(held), Ok(None)) = (session.current(), this.key().await) {
                session.end(&held, SignOutReason::KeyLost);
            }
        }));
    }
}
