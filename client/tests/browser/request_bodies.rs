//! Cases 9 and 55: a replay sends the same bytes, and streams.

use crate::{
    fixture::{Fixture, PASSWORD, REFRESH_PATH, token_response, wait_until},
    page::{MockResponse, SentRequest},
};
use js_sys::JsString;
use serde_json::json;
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Blob, File, FormData, Headers, Response, ResponseInit};
use wugan::{AuthState, Body, Error, Multipart, Request};

const ROUTE: &str = "/user/password";

/// Sends a body with a refused token and compares the two sendings. Returns the second one.
async fn replayed(build: impl FnOnce(Request) -> Request) -> SentRequest {
    let test = Fixture::with_refused_access_token().await;
    test.send(build(Request::post(ROUTE))).await.unwrap();
    wait_until("both bodies are read", || test.page.sent(ROUTE).iter().filter(|sent| sent.body.is_some()).count() == 2).await;
    let [first, second] = <[SentRequest; 2]>::try_from(test.page.sent(ROUTE)).unwrap();
    assert_eq!((first.status, first.method.as_str(), test.refresh_requests()), (401, "POST", 1));
    assert_eq!((&first.body, first.header("content-type")), (&second.body, second.header("content-type")));
    assert_ne!(first.authorization(), second.authorization());
    second
}

fn change() -> serde_json::Value {
    json!({ "current_password": PASSWORD, "new_password": "a better one, 無感" })
}

fn blob(text: &str) -> Blob {
    Blob::new_with_str_sequence(&js_sys::Array::of1(&text.into())).unwrap()
}

#[wasm_bindgen_test]
async fn case_09_json_is_replayed() {
    let sent = replayed(|request| request.json(&change())).await;
    assert_eq!(sent.status, 200);
    assert_eq!(sent.body.unwrap(), change().to_string().as_bytes());
}

#[wasm_bindgen_test]
async fn case_09_bytes_are_replayed() {
    let bytes = change().to_string().into_bytes();
    let sent = replayed(|request| request.header("content-type", "application/json").body(bytes.clone())).await;
    assert_eq!((sent.status, sent.body.unwrap()), (200, bytes));
}

#[wasm_bindgen_test]
async fn case_09_a_form_is_replayed() {
    let sent = replayed(|request| request.form(&[("a b", "ü&="), ("c", "")])).await;
    // The server accepts JSON only, and answers so after it has checked the token.
    assert_eq!((sent.status, sent.header("content-type")), (415, Some("application/x-www-form-urlencoded")));
    assert_eq!(sent.body.unwrap(), b"a+b=%C3%BC%26%3D&c=");
}

#[wasm_bindgen_test]
async fn case_09_a_blob_is_replayed() {
    let text = change().to_string();
    let sent = replayed(|request| request.header("content-type", "application/json").body(&blob(&text))).await;
    assert_eq!((sent.status, sent.body.unwrap()), (200, text.into_bytes()));
}

#[wasm_bindgen_test]
async fn case_09_a_body_from_a_function_is_built_for_each_sending() {
    let text = change().to_string();
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    let build = move || {
        counted.set(counted.get() + 1);
        Body::from(text.clone())
    };
    let sent = replayed(|request| request.header("content-type", "application/json").body(Body::from_fn(build))).await;
    assert_eq!((sent.status, calls.get()), (200, 2));
}

/// The form is changed after the request was built.
#[wasm_bindgen_test]
async fn case_09_form_data_is_replayed_as_it_was_when_the_request_was_built() {
    let form = FormData::new().unwrap();
    form.append_with_str("tïtle", "Sommer\n\"25\"").unwrap();
    form.append_with_blob_and_filename("photo", &blob("not quite\r\na photo"), "ä b.png").unwrap();
    let sent = replayed(|request| {
        let request = request.multipart(&form);
        form.set_with_str("tïtle", "changed since").unwrap();
        request
    })
    .await;
    assert_eq!(sent.status, 415, "the server accepts JSON only, and answers so after it has checked the token");
    let read = read_as_form(&sent).await;
    assert_eq!(read.get("tïtle").as_string().as_deref(), Some("Sommer\r\n\"25\""));
    let file: File = read.get("photo").unchecked_into();
    assert_eq!((file.name().as_str(), file.type_().as_str(), file.size()), ("ä b.png", "application/octet-stream", 18.0));
    assert_eq!(String::from(JsFuture::from(file.text()).await.unwrap().unchecked_into::<JsString>()), "not quite\r\na photo");
    assert_eq!(js_sys::try_iter(&read).unwrap().unwrap().count(), 2);
}

#[wasm_bindgen_test]
async fn case_09_a_form_with_bytes_is_replayed() {
    let bytes: Vec<u8> = (0..=255).collect();
    let form = Multipart::new().text("a", "1").bytes("all", "all.bin", "image/x-all", &bytes);
    let sent = replayed(|request| request.multipart(form)).await;
    assert_eq!(sent.status, 415);
    let read = read_as_form(&sent).await;
    assert_eq!(read.get("a").as_string().as_deref(), Some("1"));
    let file: File = read.get("all").unchecked_into();
    assert_eq!((file.name().as_str(), file.type_().as_str()), ("all.bin", "image/x-all"));
    assert_eq!(js_sys::Uint8Array::new(&JsFuture::from(file.array_buffer()).await.unwrap()).to_vec(), bytes);
}

/// Chromium sends streams over HTTP/2 only, and the server speaks HTTP/1.1: the bytes leave the page and the request fails.
#[wasm_bindgen_test]
async fn case_55_a_stream_is_sent_where_the_browser_has_request_streams_and_refused_elsewhere() {
    let test = Fixture::signed_in().await;
    let build = || Body::stream(&blob("in chunks").stream());
    let answer = test.send(Request::post(ROUTE).body(Body::from_fn(build))).await;
    if test.page.supports_request_streams() {
        assert!(matches!(answer, Err(Error::Network(_)) | Ok(_)), "{answer:?}");
        wait_until("the body is read", || test.page.sent(ROUTE).iter().any(|sent| sent.body.as_deref() == Some(b"in chunks"))).await;
    } else {
        assert!(matches!(answer, Err(Error::InvalidRequest(_))), "{answer:?}");
        assert_eq!(test.page.sent(ROUTE).len(), 0);
    }
}

#[wasm_bindgen_test]
async fn case_55_a_stream_is_refused_before_it_is_sent_in_a_browser_without_request_streams() {
    let test = Fixture::with_made_up_tokens();
    test.page.respond(ROUTE, MockResponse::new(204));
    test.page.disable_request_streams();
    let stream = blob("in chunks").stream();
    let answer = test.send(Request::post(ROUTE).body(Body::stream(&stream))).await;
    assert!(matches!(&answer, Err(Error::InvalidRequest(advice)) if advice.contains("Blob")), "{answer:?}");
    assert!(!stream.locked(), "the stream can still be read");
    assert_eq!(test.page.sent(ROUTE).len(), 0);
    // Bodies of other kinds are sent.
    assert_eq!(test.send(Request::post(ROUTE).body(&blob("whole"))).await, Ok(204));
}

/// Sends a stream with a token that is refused at the first sending.
async fn send_stream_with_refused_token(body: impl Fn() -> Body) -> Option<(Fixture, Result<u16, Error>)> {
    let test = Fixture::with_made_up_tokens();
    test.page.respond(ROUTE, MockResponse::new(401));
    test.page.respond(REFRESH_PATH, token_response("new-access", "new-refresh"));
    if !test.page.supports_request_streams() {
        return None;
    }
    test.page.hold(REFRESH_PATH);
    let request = test.spawn(Request::post(ROUTE).body(body()));
    wait_until("the refresh is answered", || test.page.held(REFRESH_PATH) == 1).await;
    test.page.respond(ROUTE, MockResponse::new(204));
    test.page.release(REFRESH_PATH);
    let answer = request.await;
    Some((test, answer))
}

#[wasm_bindgen_test]
async fn case_09_a_stream_whose_token_is_refused_is_not_replayed() {
    let Some((test, answer)) = send_stream_with_refused_token(|| Body::stream(&blob("in chunks").stream())).await else { return };
    assert_eq!(answer, Err(Error::NotReplayable));
    assert_eq!((test.page.sent(ROUTE).len(), test.refresh_requests(), test.state()), (1, 1, AuthState::SignedIn));
}

#[wasm_bindgen_test]
async fn case_09_a_stream_from_a_function_is_replayed() {
    let body = || Body::from_fn(|| Body::stream(&blob("in chunks").stream()));
    let Some((test, answer)) = send_stream_with_refused_token(body).await else { return };
    assert_eq!(answer, Ok(204));
    let read = || test.page.sent(ROUTE).iter().filter(|sent| sent.body.as_deref() == Some(b"in chunks")).count();
    wait_until("both bodies are read", || read() == 2).await;
}

/// The body as the browser itself reads it.
async fn read_as_form(sent: &SentRequest) -> FormData {
    let headers = Headers::new().unwrap();
    headers.set("content-type", sent.header("content-type").unwrap()).unwrap();
    let init = ResponseInit::new();
    init.set_headers(&headers);
    let body: js_sys::Uint8Array = sent.body.as_deref().unwrap().into();
    let response = Response::new_with_opt_buffer_source_and_init(Some(&body), &init).unwrap();
    JsFuture::from(response.form_data().unwrap()).await.unwrap().unchecked_into()
}
