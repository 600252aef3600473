//! The types that browser and server share: routes, bodies, error codes and limits.
//!
//! The routes and the JSON come from a tutorial on silent token refresh and are compatible with its clients, which ignore the additional
//! fields.

mod account;
mod error;
mod token;

pub mod limits;
pub mod routes;

pub use account::{Credentials, DeleteAccount, Me, PasswordChange, PasswordReset, SessionItem};
pub use error::{Code, ErrorBody, FieldError};
pub use token::{LogoutScope, RefreshExchange, RefreshRequest, TokenAnswer};
