#![doc = include_str!("../README.md")]

#[cfg(any(feature = "dpop", feature = "oidc"))]
mod base64url;
mod builder;
mod client;
#[cfg(feature = "dpop")]
mod dpop;
mod error;
mod gate;
pub mod grant;
mod http;
mod json;
#[cfg(feature = "leptos")]
pub mod leptos;
#[cfg(feature = "oidc")]
pub mod oidc;
#[doc(hidden)]
pub mod platform;
mod random;
mod resume;
#[doc(hidden)]
pub mod rules;
mod session;
mod storage;
#[cfg(any(feature = "oidc", all(feature = "dpop", target_arch = "wasm32")))]
mod web_crypto;

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

pub use web_sys::{AbortSignal, ReferrerPolicy, RequestCache, RequestCredentials, RequestMode, RequestRedirect};

#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
