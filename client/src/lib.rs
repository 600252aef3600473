#![doc = include_str!("../README.md")]

mod base64url;
mod builder;
mod client;
#[cfg(feature = "dpop")]
mod dpop;
mod error;
mod gate;
pub mod grant;
mod hash;
mod http;
#[cfg(target_arch = "wasm32")]
mod js;
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
mod text;
mod time;
mod tokens;
mod transport;
mod warning;
#[cfg(any(feature = "oidc", all(feature = "dpop", target_arch = "wasm32")))]
mod web_crypto;

pub use ::http::{HeaderMap, Method, StatusCode};
pub use builder::ClientBuilder;
pub use client::{Client, RequestBuilder, SignIn};
pub use error::{Error, SignOutReason};
pub use http::{Multipart, Request, Response};
pub use json::Object;
#[doc(hidden)]
pub use platform::body::Content;
pub use platform::{body::Body, request::RequestOptions};
pub use session::{AccessToken, AuthState, Event, Outcome, RefreshResult, RefreshTrigger, Session, SessionInfo, Subscription, TimedEvent};
pub use tokens::{TokenSet, User};
pub use warning::Warning;

pub use web_sys::{AbortSignal, ReferrerPolicy, RequestCache, RequestCredentials, RequestMode, RequestRedirect};

#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
