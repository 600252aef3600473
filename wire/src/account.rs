//! The bodies of the account and session routes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The body of register and login. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The account's name.
    pub username: String,
    /// The password as it was typed; it is neither trimmed nor truncated.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// The account of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The account's id.
    pub id: i64,
    /// The account's name, as it was registered.
    pub username: String,
    /// When the account was created, RFC 3339 in UTC.
    pub created_at: String,
}

/// The body of a password change. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChange {
    /// The current password.
    pub current_password: String,
    /// The new password.
    pub new_password: String,
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange").finish_non_exhaustive()
    }
}

/// The body of a password reset. Its `Debug` shows neither code nor password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordReset {
    /// The one-time code that an operator created.
    pub code: String,
    /// The new password.
    pub new_password: String,
}

impl fmt::Debug for PasswordReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordReset").finish_non_exhaustive()
    }
}

/// The body of an account deletion. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteAccount {
    /// The account's password, typed again.
    pub password: String,
}

impl fmt::Debug for DeleteAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteAccount").finish_non_exhaustive()
    }
}

/// One of the user's live sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionItem {
    /// The session's id.
    pub id: String,
    /// When the session was started, RFC 3339 in UTC.
    pub created_at: String,
    /// When the session was last used, RFC 3339 in UTC.
    pub last_used_at: String,
    /// The client's `User-Agent` at the last refresh, or at the sign-in before that.
    pub user_agent: Option<String>,
    /// The client's address at the last refresh, or at the sign-in before that.
    pub ip: Option<String>,
    /// Whether the request's access token belongs to this session.
    pub current: bool,
}
