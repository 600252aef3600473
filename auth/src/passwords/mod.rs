//! Password hashing with argon2id in a bounded pool.

mod argon;
mod pool;
mod priority;

pub(crate) use argon::PasswordCheck;
pub use argon::Passwords;
