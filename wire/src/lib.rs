//! What browser and server say to each other: routes, bodies, error codes.
//!
//! The routes and the JSON come from a tutorial on silent sign-in renewal and stay as they were there; everything beyond it is an
//! addition that such a client ignores. Nothing here has behaviour: it is the one place where both sides look up a name.

mod account;
mod error;
mod token;

pub mod limits;
pub mod routes;

pub use account::{Credentials, DeleteAccount, Me, PasswordChange, PasswordReset, SessionItem};
pub use error::{Code, ErrorBody, FieldError};
pub use token::{LogoutScope, RefreshExchange, RefreshRequest, TokenAnswer};
