//! The exchanges in flight, if any.

use crate::{error::Error, session::event::RefreshTrigger, storage::record::Credential};
use futures::future::{LocalBoxFuture, Shared, WeakShared};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// What all waiters of a refresh clone.
pub(crate) type SharedRefresh = Shared<LocalBoxFuture<'static, Result<Credential, Box<Error>>>>;

pub(crate) type InFlightSlot = RefCell<Option<InFlight>>;

/// The exchange of a cookie that starts a session, if one is in flight. Weak, because the exchange itself holds the client.
pub(crate) type ResumeSlot = RefCell<Option<WeakShared<LocalBoxFuture<'static, Result<bool, Error>>>>>;

pub(crate) struct InFlight {
    /// The tokens that are being exchanged.
    pub(crate) stale: Credential,
    /// `Unauthorized` if one of the waiters has it, because then the access token is no longer valid; else the first waiter's.
    pub(crate) trigger: Rc<Cell<RefreshTrigger>>,
    /// Weak, because the refresh itself holds the session.
    pub(crate) shared: WeakShared<LocalBoxFuture<'static, Result<Credential, Box<Error>>>>,
}
