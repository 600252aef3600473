//! The user of a request.

use uuid::Uuid;

/// The user of a request. A handler that takes it answers 401 without a valid access token; one that takes `Option<User>` answers 401 only
/// if an invalid one was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The account's id. It is not reused, unless the database lost commits (failover, restored backup).
    pub id: i64,
    /// The session's id.
    pub session_id: Uuid,
}

impl User {
    /// A user for a test of a handler.
    #[must_use]
    pub const fn new(id: i64, session_id: Uuid) -> Self {
        Self { id, session_id }
    }
}
