//! Case 9: what is sent again is the same, byte for byte; what cannot be sent again says so before anything is lost.

use crate::{
    page::Sent,
    world::{PASSWORD, World, until},
};
use js_sys::JsString;
use serde_json::json;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Blob, File, FormData, Headers, ReadableStream, Response, ResponseInit};
use wugan::{Body, Error, Multipart, Request, State};

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

/// A form as a page has it; what it holds is changed while it is on its way.
#[wasm_bindgen_test]
async fn case_09_form_data_is_replayed() {
    let photo = Blob::new_with_str_sequence(&js_sys::Array::of1(&"not quite\r\na photo".into())).unwrap();
    let form = FormData::new().unwrap();
    form.append_with_str("tïtle", "Sommer\n\"25\"").unwrap();
    form.append_with_blob_and_filename("photo", &photo, "ä b.png").unwrap();
    let (status, sent) = both_sendings(|request| {
        let request = request.multipart(&form);
        form.set_with_str("tïtle", "changed since").unwrap();
        request
    })
    .await;
    assert_eq!(status, 415, "this server speaks JSON alone, and says so past its guard");
    let content_type = sent.content_type.unwrap();
    // What it means is the browser's to say: it reads it as the form that it was.
    let read = read_as_form(&sent.body.unwrap(), &content_type).await;
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
    let (status, sent) = both_sendings(|request| request.multipart(form)).await;
    assert_eq!(status, 415);
    let read = read_as_form(&sent.body.unwrap(), &sent.content_type.unwrap()).await;
    let file: File = read.get("all").unchecked_into();
    assert_eq!(file.type_(), "image/x-all");
    assert_eq!(js_sys::Uint8Array::new(&JsFuture::from(file.array_buffer()).await.unwrap()).to_vec(), bytes);
}

/// The browser's own reader of such bodies.
async fn read_as_form(body: &[u8], content_type: &str) -> FormData {
    let headers = Headers::new().unwrap();
    headers.set("content-type", content_type).unwrap();
    let init = ResponseInit::new();
    init.set_headers(&headers);
    let body: js_sys::Uint8Array = body.into();
    let response = Response::new_with_opt_buffer_source_and_init(Some(&body), &init).unwrap();
    JsFuture::from(response.form_data().unwrap()).await.unwrap().unchecked_into()
}
