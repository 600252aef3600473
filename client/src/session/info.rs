//! A synchronous snapshot of a session.

use crate::{error::SignOutReason, tokens::User, warning::Warning};
use std::time::Duration;

/// A snapshot of the session; see [`Session::info`](crate::Session::info).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Whether a user is signed in.
    pub state: AuthState,
    /// The user, if the token names one.
    pub user: Option<User>,
    /// How long the access token is valid, if that is known. It is renewed before it expires.
    pub expires_in: Option<Duration>,
    /// How long it was valid when it was issued, if that is known.
    pub lifetime: Option<Duration>,
    /// How long before its expiry it is renewed, if its lifetime is known.
    pub refresh_margin: Option<Duration>,
    /// What needs attention.
    pub warnings: Vec<Warning>,
}

/// Whether a user is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthState {
    /// A user is signed in.
    SignedIn,
    /// No user is signed in.
    SignedOut {
        /// Why the last session ended; `None` if there was none.
        reason: Option<SignOutReason>,
    },
}

impl Default for AuthState {
    fn default() -> AuthState {
        AuthState::SignedOut { reason: None }
    }
}
