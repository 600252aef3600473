//! DPoP (RFC 9449): a session is bound to a key of the client at sign-in, and each request with one of its tokens proves that key.

mod binding;
mod nonces;
mod presented;
mod proof;
mod replay;
mod target;

pub(crate) use binding::Dpop;
pub use binding::Scheme;
pub(crate) use nonces::Nonces;
pub use presented::PresentedProof;
pub(crate) use target::{normalized, origin};
