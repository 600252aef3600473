//! The user of a session.

/// The user that the ID token or else the access token names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The claim `sub` (RFC 7519 §4.1.2), or `userId`, as the NestJS tutorial names it.
    pub id: String,
    /// The claim `username`, `preferred_username` or `name`; of an ID token also `email`.
    pub name: Option<String>,
}

impl User {
    /// A user, for tests of a program.
    #[must_use]
    pub fn new(id: impl Into<String>, name: Option<&str>) -> User {
        User { id: id.into(), name: name.map(str::to_owned) }
    }
}
