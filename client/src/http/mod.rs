//! Requests and responses in reqwest's manner: what is sent, and what comes back.

pub(crate) mod abort;
pub(crate) mod body;
pub(crate) mod form;
pub(crate) mod header;
pub(crate) mod multipart;
pub(crate) mod redacted;
pub(crate) mod request;
pub(crate) mod response;
#[cfg(target_arch = "wasm32")]
pub(crate) mod stream_support;

pub use body::{Body, Content};
pub use multipart::Multipart;
pub use request::{Request, RequestBuilder, RequestOptions};
pub use response::Response;
