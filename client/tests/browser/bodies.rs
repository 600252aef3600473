//! Case 9: what is sent again is the same, byte for byte; what cannot be sent again says so before anything is lost.

use crate::{
    page::Sent,
    world::{PASSWORD, World, until},
};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Blob, ReadableStream};
use wugan::{Body, Error, Request, State};

const ROUTE: &str = "/user/password";

/// Sends a body with a dead token, and looks at both sendings. The server's answer to the second.
async fn both_sendings(make: impl FnOnce(Request) -> Request) -> (u16, Sent) {
    let world = World::with_a_dead_access_token().await;
    let status = world.send(make(Request::post(ROUTE))).await.unwrap();
    until("both bodies were read", || world.page.sent(ROUTE).iter().filter(|sent| sent.body.is_some()).count() == 2).await;
    let [first, second] = <[Sent; 2]>::try_from(world.page.sent(ROUTE)).unwrap();
    assert_eq!((first.status, &first.method, world.refreshes()), (401, &"POST".to_owned(), 1));
    assert_eq!((&first.body, &first.content_type), (&second.body, &second.content_type));
    assert_ne!(first.authorization, second.authorization);
    (status, second)
}

fn change() -> serde_json::Value {
    json!({ "current_password": PASSWORD, "new_password": "a better one, 無感" })
}

#[wasm_bindgen_test]
async fn case_09_json_is_replayed() {
    let (status, sent) = both_sendings(|request| request.json(&change())).await;
    assert_eq!(status, 204);
    assert_eq!(sent.body.unwrap(), change().to_string().as_bytes());
}

#[wasm_bindgen_test]
async fn case_09_bytes_are_replayed() {
    let bytes = change().to_string().into_bytes();
    let (status, sent) = both_sendings(|request| request.header("content-type", "application/json").bytes(bytes.clone())).await;
    assert_eq!((status, sent.body.unwrap()), (204, bytes));
}

#[wasm_bindgen_test]
async fn case_09_a_form_is_replayed() {
    let (status, sent) = both_sendings(|request| request.form([("a b", "ü&="), ("c", "")])).await;
    // The server speaks JSON alone: that it says so shows that the second sending passed its guard.
    assert_eq!(status, 415);
    assert_eq!(sent.content_type.as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!(sent.body.unwrap(), b"a+b=%C3%BC%26%3D&c=");
}

#[wasm_bindgen_test]
async fn case_09_a_blob_is_replayed() {
    let text = change().to_string();
    let blob = Blob::new_with_str_sequence(&js_sys::Array::of1(&text.as_str().into())).unwrap();
    let (status, sent) = both_sendings(|request| request.header("content-type", "application/json").body(Body::blob(&blob))).await;
    assert_eq!((status, sent.body.unwrap()), (204, text.into_bytes()));
}

#[wasm_bindgen_test]
async fn case_09_a_body_is_made_anew() {
    let text = change().to_string();
    let make = move || Body::text(text.clone());
    let (status, _) = both_sendings(|request| request.header("content-type", "application/json").body(Body::made_by(make))).await;
    assert_eq!(status, 204);
}

#[wasm_bindgen_test]
async fn case_09_a_stream_is_refused_before_it_is_sent() {
    let world = World::with_a_dead_access_token().await;
    let stream = ReadableStream::new().unwrap();
    assert_eq!(world.send(Request::post(ROUTE).body(Body::stream(&stream))).await, Err(Error::NotReplayable));
    assert!(!stream.locked(), "nobody read from it");
    assert_eq!((world.page.sent(ROUTE).len(), world.refreshes()), (0, 0));
    assert_eq!(world.state(), State::SignedIn);
}

/// Chromium sends streams over HTTP/2 only, and this server speaks HTTP/1.1: it leaves the page with its bytes, and comes back as
/// an error of the network, not as a request that could not be built.
#[wasm_bindgen_test]
async fn case_09_a_stream_that_can_be_made_again_is_sent() {
    let world = World::signed_in().await;
    let make = || {
        let blob = Blob::new_with_str_sequence(&js_sys::Array::of1(&"drop by drop".into())).unwrap();
        Body::stream(&blob.stream())
    };
    let sent = world.send(Request::post(ROUTE).body(Body::made_by(make))).await;
    assert!(matches!(sent, Err(Error::Network(_))), "{sent:?}");
    until("its bytes were read", || world.page.sent(ROUTE).iter().any(|sent| sent.body.as_deref() == Some(b"drop by drop"))).await;
}
