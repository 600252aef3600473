//! A platform without a browser: a store in memory, a clock that stands still, and a server that responds at once. What remains is the
//! library's own cost.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::{FutureExt, LocalBoxFuture, pending, ready};
use serde_json::json;
use std::{any::Any, cell::RefCell, collections::HashMap, rc::Rc, time::Duration};
use wugan::{
    Error, TokenSet,
    platform::{Address, Guard, Platform, PlatformEvent, PlatformRequest, PlatformResponse, Storage, StoreError},
};

/// The server's origin.
pub const ORIGIN: &str = "https://api.example.com";

/// The platform.
#[derive(Debug, Default)]
pub struct InMemory {
    stored: RefCell<HashMap<String, String>>,
}

/// A pair of tokens of the usual size, valid for half an hour.
#[must_use]
pub fn tokens() -> TokenSet {
    let claims = json!({
        "userId": 1, "username": "anna", "sub": "1", "sid": "0b5e9a0e-5a1c-4a43-9a37-0d0b6ee5b7a1", "gen": 7,
        "iss": "wugan", "aud": "wugan", "iat": 1_700_000_000, "exp": 1_700_001_800,
    });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let token = |kind: &str| {
        let header = json!({"typ": kind, "alg": "HS256", "kid": "6d1fd5f0"});
        format!("{}.{}.{}", part(&header.to_string()), part(&claims.to_string()), part("a signature of thirty-two bytes."))
    };
    TokenSet::new(token("at+jwt"), token("rt+jwt"))
}

impl Storage for InMemory {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.stored.borrow().get(key).cloned())
    }

    fn set(&self, key: &str, text: &str) -> Result<(), StoreError> {
        self.stored.borrow_mut().insert(key.to_owned(), text.to_owned());
        Ok(())
    }
}

impl Platform for InMemory {
    fn resolve(&self, _base: &str, url: &str) -> Option<Address> {
        let path = Some(url.strip_prefix(ORIGIN).unwrap_or(url)).filter(|path| !path.is_empty()).unwrap_or("/");
        Some(Address { href: [ORIGIN, path].concat(), origin: ORIGIN.to_owned(), path: path.to_owned() })
    }

    fn fetch(&self, request: PlatformRequest<'_>) -> LocalBoxFuture<'static, Result<Box<dyn PlatformResponse>, Error>> {
        let response: Box<dyn PlatformResponse> = Box::new(Response { with_token: request.authorization.is_some() });
        ready(Ok(response)).boxed_local()
    }

    fn lock(&self, _name: &str) -> Option<LocalBoxFuture<'static, Guard>> {
        None
    }

    fn lock_holder(&self, _name: &str) -> LocalBoxFuture<'static, Option<String>> {
        ready(None).boxed_local()
    }

    fn now(&self) -> f64 {
        1_700_000_000_000.0
    }

    fn monotonic(&self) -> f64 {
        1_000.0
    }

    fn sleep(&self, _time: Duration) -> LocalBoxFuture<'static, ()> {
        pending().boxed_local()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        // The automatic refresh, which would sleep for half an hour.
        drop(task);
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn subscribe(&self, _key: &str, _notify: Rc<dyn Fn(PlatformEvent)>) -> Guard {
        Box::new(())
    }

    fn visible(&self) -> bool {
        true
    }
}

struct Response {
    with_token: bool,
}

impl PlatformResponse for Response {
    fn status(&self) -> u16 {
        if self.with_token { 200 } else { 401 }
    }

    fn header(&self, name: &str) -> Option<String> {
        (name == "date").then(|| "Tue, 14 Nov 2023 22:13:20 GMT".to_owned())
    }

    fn headers(&self) -> Vec<(String, String)> {
        self.header("date").map(|date| ("date".to_owned(), date)).into_iter().collect()
    }

    fn url(&self) -> String {
        // As in a browser when no redirect was followed.
        String::new()
    }

    fn bytes(&self) -> LocalBoxFuture<'static, Result<Vec<u8>, Box<Error>>> {
        ready(Ok(b"bbb".to_vec())).boxed_local()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::FutureExt;
    use wugan::{Client, TokenSet};

    #[test]
    fn a_client_on_it_sends_a_request_with_its_token_at_once() {
        let client = Client::builder(ORIGIN).build_on(Rc::new(InMemory::default())).unwrap();
        client.session().sign_in(TokenSet::new("access", "refresh").with_expires_in(60.0));
        let response = client.get("/bbb").send().now_or_never().unwrap().unwrap();
        assert_eq!(response.status(), 200);
    }
}
