//! Access and refresh token, and the user that they name.

pub(crate) mod claims;
pub(crate) mod stored;
pub(crate) mod token_set;
pub(crate) mod user;

pub(crate) use stored::{Freshness, Tokens};
pub use token_set::TokenSet;
pub use user::User;
