//! Requests and responses in reqwest's manner: what is sent, and what comes back.

pub(crate) mod abort;
pub(crate) mod form;
pub(crate) mod header;
pub(crate) mod multipart;
pub(crate) mod redacted;
pub(crate) mod request;
pub(crate) mod response;

pub use multipart::Multipart;
pub use request::Request;
pub use response::Response;
