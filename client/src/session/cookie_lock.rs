//! The lock of the cookie with the refresh token. A browser stores the cookie of each answer, also of one that the session discards. So all
//! requests that set the cookie are sent one at a time: else a late answer to one user's request replaces or removes the next user's cookie.

use super::handle::Session;
use crate::{
    platform::Guard,
    storage::lock::{self, Lock, release_after_lag},
};
use futures::future::{LocalBoxFuture, ready};
use std::rc::Rc;

impl Session {
    /// Waits until this tab may change the cookie. `None`: the page has the refresh token, or there are no locks.
    pub(crate) fn acquire_cookie_lock(&self) -> LocalBoxFuture<'_, Option<Rc<Lock>>> {
        let (platform, settings) = (&self.0.transport.platform, &self.0.settings);
        if self.0.grant.needs_refresh_token() {
            return Box::pin(ready(None));
        }
        lock::acquire(platform, settings.storage_key.clone(), settings.lock_timeout)
    }

    /// A place in the queue, for a request that does not wait. The lock is not granted to a later request before this is dropped.
    pub(crate) fn queue_for_cookie_lock(&self) -> Option<Guard> {
        if self.0.grant.needs_refresh_token() {
            return None;
        }
        Some(Box::new(self.0.transport.platform.lock(&self.0.settings.storage_key)))
    }

    /// Releases the lock: at once if the session is in memory, else when the record is visible in every tab.
    pub(crate) fn release(&self, lock: Option<Rc<Lock>>) {
        if !self.0.settings.is_in_memory && lock.is_some() {
            release_after_lag(&self.0.transport.platform, lock);
        }
    }
}
