//! Access and refresh token, and the user that they name.

pub(crate) mod claims;
pub(crate) mod stored;
pub(crate) mod token_set;
pub(crate) mod user;
