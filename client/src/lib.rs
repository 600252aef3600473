#![doc = include_str!("../README.md")]

mod backoff;
mod body;
mod client;
mod clock;
mod error;
mod event;
mod grant;
mod json;
mod keeper;
mod kept;
mod lock;
mod multipart;
mod news;
mod record;
mod refresh;
mod request;
mod response;
mod session;
#[cfg(feature = "devtool")]
mod spoil;
mod tokens;
mod transport;

pub mod platform;

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "leptos")]
pub mod leptos;
#[cfg(feature = "testing")]
pub mod testing;

pub use body::{Body, Content};
pub use client::{Builder, Client, SignIn};
pub use error::Error;
pub use event::{Cause, Event, Noted, Outcome, Reason, RefreshOutcome, Warning};
pub use grant::{Grant, Json, OAuth, Query, Reply, Verdict};
pub use http::Method;
pub use json::Object;
pub use multipart::Multipart;
pub use news::Subscription;
pub use request::Request;
pub use response::Response;
pub use session::{Peek, Session, State};
pub use tokens::{TokenAnswer, User};
