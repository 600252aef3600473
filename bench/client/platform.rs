//! A platform without a browser: a store, a clock that stands still, and a server that answers at once. What is left is the library.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::{FutureExt, LocalBoxFuture, pending, ready};
use serde_json::json;
use std::{any::Any, cell::RefCell, rc::Rc, time::Duration};
use wugan::{
    Error, TokenAnswer,
    platform::{Address, Answer, Attempt, Guard, Platform, Signal, StoreError},
};

/// The server's origin.
pub const ORIGIN: &str = "https://api.example.com";

/// The platform.
#[derive(Debug, Default)]
pub struct InMemory {
    stored: RefCell<Option<String>>,
}

/// A pair of tokens of the usual size, good for half an hour.
#[must_use]
pub fn tokens() -> TokenAnswer {
    let claims = json!({
        "userId": 1, "username": "anna", "sub": "1", "sid": "0b5e9a0e-5a1c-4a43-9a37-0d0b6ee5b7a1", "gen": 7,
        "iss": "wugan", "aud": "wugan", "iat": 1_700_000_000, "exp": 1_700_001_800,
    });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let token = |kind: &str| {
        let header = json!({"typ": kind, "alg": "HS256", "kid": "6d1fd5f0"});
        format!("{}.{}.{}", part(&header.to_string()), part(&claims.to_string()), part("a signature of thirty-two bytes."))
    };
    TokenAnswer::new(token("at+jwt"), token("rt+jwt"))
}

impl Platform for InMemory {
    fn resolve(&self, base: &str, url: &str) -> Option<Address> {
        Some(Address { href: [base, url].concat(), origin: ORIGIN.to_owned(), path: url.to_owned() })
    }

    fn fetch(&self, attempt: Attempt<'_>) -> LocalBoxFuture<'static, Result<Box<dyn Answer>, Error>> {
        let answer: Box<dyn Answer> = Box::new(Answered { with_token: attempt.authorization.is_some() });
        ready(Ok(answer)).boxed_local()
    }

    fn load(&self, _key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.stored.borrow().clone())
    }

    fn save(&self, _key: &str, text: &str) -> Result<(), StoreError> {
        self.stored.replace(Some(text.to_owned()));
        Ok(())
    }

    fn lock(&self, _name: &str, _steal: bool) -> Option<LocalBoxFuture<'static, Guard>> {
        None
    }

    fn wall(&self) -> f64 {
        1_700_000_000_000.0
    }

    fn monotonic(&self) -> f64 {
        1_000.0
    }

    fn sleep(&self, _time: Duration) -> LocalBoxFuture<'static, ()> {
        pending().boxed_local()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        // The keeper's, who would sleep for half an hour.
        drop(task);
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn watch(&self, _key: &str, _tell: Rc<dyn Fn(Signal)>) -> Guard {
        Box::new(())
    }

    fn visible(&self) -> bool {
        true
    }
}

struct Answered {
    with_token: bool,
}

impl Answer for Answered {
    fn status(&self) -> u16 {
        if self.with_token { 200 } else { 401 }
    }

    fn header(&self, name: &str) -> Option<String> {
        (name == "date").then(|| "Tue, 14 Nov 2023 22:13:20 GMT".to_owned())
    }

    fn url(&self) -> String {
        // As in a browser, where no redirect was followed.
        String::new()
    }

    fn bytes(&self) -> LocalBoxFuture<'static, Result<Vec<u8>, Error>> {
        ready(Ok(b"bbb".to_vec())).boxed_local()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
