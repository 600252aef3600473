//! Account registration, login, password change, password reset and deletion.

mod password;
mod refusals;
mod service;
mod validation;

pub use service::Accounts;
pub(crate) use service::Limits;
pub use validation::name_key;
