//! What needs attention, as long as it does.

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The storage cannot be read: the session lives in this page's memory. This warning and the next three end when the record is written.
    StoreDenied,
    /// The storage cannot be written: the session lives in this page's memory.
    StoreFull,
    /// The stored record was removed: the session goes on in this page's memory.
    StoreCleared,
    /// The stored record is damaged; the next sign-in replaces it.
    StoreUnreadable,
    /// The record was written by a later version of this library and is left alone.
    StoreOfLaterVersion,
    /// The record belongs to another backend and is left alone: give each client a storage key of its own, and change it when the token
    /// endpoint, the client id, `resource` or `audience` changes.
    StoreOfOtherBackend,
    /// Version 0.1 of this library has left a session under `wugan.session`, and the user is signed out: see
    /// [`migrate_from`](crate::ClientBuilder::migrate_from).
    NotMigrated,
    /// The OpenID provider granted no refresh token although the scope has `offline_access`: the session ends with its access token. Some
    /// providers grant it after a consent only: set the parameter `prompt` to `consent`.
    NoRefreshToken,
    /// The response of the token endpoint neither grants tokens nor rejects the refresh token, for this reason. The session is kept. If it was
    /// meant as a rejection, adjust the grant: see [`grant`](crate::grant).
    UnrecognizedResponse(String),
}

impl Warning {
    /// Whether it holds only until the record can be written.
    pub(crate) fn ends_with_a_write(&self) -> bool {
        matches!(self, Warning::StoreDenied | Warning::StoreFull | Warning::StoreCleared | Warning::StoreUnreadable)
    }

    /// Whether it holds only until the token endpoint grants tokens or rejects the refresh token.
    pub(crate) fn ends_with_a_recognized_response(&self) -> bool {
        matches!(self, Warning::UnrecognizedResponse(_))
    }
}
