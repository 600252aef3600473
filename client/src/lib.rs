#![doc = include_str!("../README.md")]

mod builder;
mod client;
mod error;
mod gate;
pub mod grant;
mod http;
mod json;
#[cfg(feature = "leptos")]
pub mod leptos;
#[doc(hidden)]
pub mod platform;
#[doc(hidden)]
pub mod rules;
mod session;
mod storage;

pub use ::http::{HeaderMap, Method, StatusCode};
pub use builder::ClientBuilder;
pub use client::{Client, SignIn};
pub use error::{Error, SignOutReason};
#[doc(hidden)]
pub use http::Content;
pub use http::{Body, Multipart, Request, RequestBuilder, RequestOptions, Response};
pub use json::Object;
pub use session::{
    AccessToken, AuthState, Event, Outcome, RefreshResult, RefreshTrigger, Session, SessionInfo, Subscription, TimedEvent, TokenSet, User,
    Warning,
};
