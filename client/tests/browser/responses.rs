//! Reading responses: headers, text, JSON, chunks, and the browser's own object.

use crate::{
    fixture::{Fixture, PASSWORD, SERVER, random_name, sleep_seconds},
    page::MockResponse,
};
use futures::{StreamExt, TryStreamExt, pin_mut};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Error, Response, SignIn, StatusCode};

const PATH: &str = "/notes";

async fn response(test: &Fixture, mock: MockResponse) -> Response {
    test.page.respond(PATH, mock);
    test.client.get(PATH).send().await.unwrap()
}

#[derive(Debug, PartialEq, Deserialize)]
struct Note {
    text: String,
}

#[wasm_bindgen_test]
async fn case_56_a_byte_order_mark_is_skipped_in_json_and_text() {
    let test = Fixture::new();
    let mock = MockResponse::new(200).header("content-type", "application/json").chunk("\u{feff}{\"text\":\"無感\"}");
    assert_eq!(response(&test, mock.clone()).await.json().await, Ok(Note { text: "無感".into() }));
    assert_eq!(response(&test, mock.clone()).await.text().await.as_deref(), Ok("{\"text\":\"無感\"}"));
    assert!(response(&test, mock).await.bytes().await.unwrap().starts_with(b"\xef\xbb\xbf"));
}

#[wasm_bindgen_test]
async fn invalid_utf_8_is_replaced() {
    let test = Fixture::new();
    assert_eq!(response(&test, MockResponse::new(200).chunk(b"a\xffb")).await.text().await.as_deref(), Ok("a\u{fffd}b"));
}

#[wasm_bindgen_test]
async fn case_69_errors_name_status_url_and_the_missing_field() {
    let test = Fixture::new();
    let url = format!("{SERVER}{PATH}");
    match response(&test, MockResponse::new(200).chunk("{\"txt\":\"secret\"}")).await.json::<Note>().await {
        Err(Error::Decode { status, url: of, message }) => {
            assert_eq!((status, of), (StatusCode::OK, url.clone()));
            assert!(message.contains("`text`") && !message.contains("secret"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    let failed = response(&test, MockResponse::new(503).chunk("<html>")).await;
    assert_eq!(failed.error_for_status().unwrap_err(), Error::Status { status: StatusCode::SERVICE_UNAVAILABLE, url, retry_after: None });
    assert!(response(&test, MockResponse::new(204)).await.error_for_status().is_ok());
}

#[wasm_bindgen_test]
async fn case_69_a_sign_in_without_tokens_or_with_500_is_an_error() {
    let test = Fixture::new();
    let sign_in = async |mock| {
        test.page.respond("/login", mock);
        test.client.post("/login").sign_in().await
    };
    let url = format!("{SERVER}/login");
    assert_eq!(
        sign_in(MockResponse::new(500)).await.unwrap_err(),
        Error::Status { status: StatusCode::INTERNAL_SERVER_ERROR, url, retry_after: None }
    );
    let without_tokens = sign_in(MockResponse::new(200).chunk("{\"token\":\"a\"}")).await;
    assert!(matches!(&without_tokens, Err(Error::Decode { message, .. }) if message.contains("access_token")), "{without_tokens:?}");
    assert!(matches!(sign_in(MockResponse::new(422)).await, Ok(SignIn::Refused(response)) if response.status() == 422));
    assert_eq!(test.stored_text(), None);
}

#[wasm_bindgen_test]
async fn headers_and_url_are_readable() {
    let test = Fixture::new();
    let mock = MockResponse::new(200).header("X-Tag", "one").header("x-tag", "two").header("content-type", "text/plain");
    let response = response(&test, mock).await;
    let headers = response.headers();
    assert_eq!(headers.get("x-tag").map(|value| value.to_str().unwrap()), Some("one, two"));
    assert_eq!(headers.get("content-type").map(|value| value.to_str().unwrap()), Some("text/plain"));
    assert_eq!((response.header("X-TAG").as_deref(), response.header("x-none")), (Some("one, two"), None));
    assert_eq!(response.url(), format!("{SERVER}{PATH}"));
}

#[wasm_bindgen_test]
async fn of_another_origin_the_exposed_headers_are_readable() {
    let test = Fixture::new();
    let headers = test.client.get("/aaa").send().await.unwrap().headers();
    assert!(headers.contains_key("content-type"), "{headers:?}");
}

#[wasm_bindgen_test]
async fn bytes_stream_gives_the_chunks_as_they_arrive() {
    let test = Fixture::new();
    let mock = MockResponse::new(200).chunk("one").chunk("two").chunk("three");
    let chunks: Vec<_> = response(&test, mock).await.bytes_stream().try_collect().await.unwrap();
    assert_eq!(chunks, [&b"one"[..], b"two", b"three"]);
    let empty: Vec<_> = response(&test, MockResponse::new(204)).await.bytes_stream().try_collect().await.unwrap();
    assert_eq!(empty, [[0; 0]; 0]);
    let whole = test.client.get("/aaa").send().await.unwrap().bytes_stream().try_concat().await.unwrap();
    assert_eq!(whole, b"aaa");
}

#[wasm_bindgen_test]
async fn a_dropped_bytes_stream_cancels_the_transfer() {
    let test = Fixture::new();
    let stream = response(&test, MockResponse::new(200).chunk("one").stays_open()).await.bytes_stream();
    {
        pin_mut!(stream);
        assert_eq!(stream.next().await, Some(Ok(b"one".to_vec())));
        assert_eq!(test.page.cancelled_bodies(), 0);
    }
    crate::fixture::wait_until("the transfer is cancelled", || test.page.cancelled_bodies() == 1).await;
}

#[wasm_bindgen_test]
async fn an_abort_signal_ends_a_bytes_stream() {
    let test = Fixture::new();
    test.page.respond(PATH, MockResponse::new(200).chunk("one").stays_open());
    let controller = web_sys::AbortController::new().unwrap();
    let stream = test.client.get(PATH).signal(&controller.signal()).send().await.unwrap().bytes_stream();
    pin_mut!(stream);
    assert_eq!(stream.next().await, Some(Ok(b"one".to_vec())));
    let reports = Rc::new(Cell::new(0));
    let counted = reports.clone();
    let count = Closure::<dyn FnMut()>::new(move || counted.set(counted.get() + 1));
    let window = web_sys::window().unwrap();
    window.add_event_listener_with_callback("unhandledrejection", count.as_ref().unchecked_ref()).unwrap();
    controller.abort();
    assert_eq!(stream.next().await, Some(Err(Error::Aborted)));
    sleep_seconds(0.05).await;
    window.remove_event_listener_with_callback("unhandledrejection", count.as_ref().unchecked_ref()).unwrap();
    assert_eq!(reports.get(), 0, "the page reports no unhandled rejection");
}

#[wasm_bindgen_test]
async fn a_dropped_response_aborts_the_transfer() {
    let test = Fixture::new();
    let response = response(&test, MockResponse::new(200).chunk("one").stays_open()).await;
    assert!(!test.page.sent(PATH)[0].aborted);
    drop(response);
    assert!(test.page.sent(PATH)[0].aborted);
}

#[wasm_bindgen_test]
async fn a_body_that_was_read_is_not_aborted() {
    let test = Fixture::new();
    let response = response(&test, MockResponse::new(200).chunk("one")).await;
    assert_eq!(response.text().await.as_deref(), Ok("one"));
    assert!(!test.page.sent(PATH)[0].aborted);
}

#[wasm_bindgen_test]
async fn into_web_sys_gives_the_unread_response() {
    let test = Fixture::new();
    let response: web_sys::Response = response(&test, MockResponse::new(201).header("x-tag", "one").chunk("body")).await.into();
    assert_eq!((response.status(), response.headers().get("x-tag").unwrap().as_deref()), (201, Some("one")));
    let text = JsFuture::from(response.text().unwrap()).await.unwrap();
    assert_eq!(text.as_string().as_deref(), Some("body"));
    assert!(!test.page.sent(PATH)[0].aborted);
}

async fn sign_in_response(test: &Fixture) -> (String, Response) {
    let name = random_name();
    let account = json!({ "username": name, "password": PASSWORD });
    match test.client.post("/user/register").json(&account).sign_in().await.unwrap() {
        SignIn::Done(response) => (name, response),
        SignIn::Refused(response) => panic!("{response:?}"),
    }
}

#[wasm_bindgen_test]
async fn case_62_the_body_of_a_sign_in_can_be_read_in_every_way() {
    let test = Fixture::new();
    let (_, response) = sign_in_response(&test).await;
    let tokens: Value = response.json().await.unwrap();
    assert_eq!(tokens["access_token"], test.record()["access_token"]);
    let (_, response) = sign_in_response(&test).await;
    assert!(response.text().await.unwrap().contains("access_token"));
    let (_, response) = sign_in_response(&test).await;
    let chunks: Vec<_> = response.bytes_stream().try_collect().await.unwrap();
    assert_eq!(chunks.len(), 1);
    let (name, response) = sign_in_response(&test).await;
    let status = response.status().as_u16();
    let response = response.into_web_sys();
    assert_eq!(response.status(), status);
    assert!(response.headers().get("content-type").unwrap().unwrap().contains("json"));
    let text = JsFuture::from(response.text().unwrap()).await.unwrap().as_string().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["refresh_token"], test.record()["refresh_token"]);
    assert_eq!(test.user_name(), Some(name));
}

#[wasm_bindgen_test]
async fn into_web_sys_of_a_buffered_response_without_a_body_keeps_its_status() {
    let test = Fixture::with(|builder| builder.grant(HeaderGrant));
    test.page.respond("/login", MockResponse::new(204).header("x-access", "from-a-header"));
    match test.client.post("/login").sign_in().await.unwrap() {
        SignIn::Done(response) => assert_eq!(response.into_web_sys().status(), 204),
        SignIn::Refused(response) => panic!("{response:?}"),
    }
}

/// Reads the access token from a header.
struct HeaderGrant;

impl wugan::grant::RefreshGrant for HeaderGrant {
    fn refresh(&self, _: &wugan::grant::Exchange<'_>) -> wugan::Request {
        wugan::Request::post("/renew")
    }

    fn parse(&self, response: &wugan::grant::TokenResponse<'_>) -> wugan::grant::RefreshOutcome {
        match response.header("x-access") {
            Some(access) => wugan::grant::RefreshOutcome::Granted(wugan::TokenSet::new(access, "refresh")),
            None => wugan::grant::RefreshOutcome::Unavailable("no header".into()),
        }
    }
}
