//! Password hashing with argon2id in a bounded pool.

mod argon;
mod error;
mod pool;
mod priority;

pub(crate) use argon::PasswordCheck;
pub use argon::Passwords;
pub(crate) use error::HashError;
pub use pool::HashPermit;
