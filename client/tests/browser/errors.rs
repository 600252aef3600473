//! Requests that cannot be built are typed errors, and nothing is sent.

use crate::fixture::{Fixture, SERVER, unreachable_url};
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Client, Error, Method, Request, StatusCode};

#[wasm_bindgen_test]
async fn a_request_that_cannot_be_built_is_a_typed_error() {
    let test = Fixture::signed_in().await;
    let requests = [
        Request::get("/aaa").header("x-note", "line\nbreak"),
        Request::get("/aaa").header("x note", "1"),
        Request::get("/aaa").header("", "1"),
        Request::get("/aaa").header("x-note", "無感"),
        Request::get("/aaa").header("x-note", "ü"),
        Request::get("/aaa").bearer_auth("token"),
        Request::get("/aaa").text("a GET has no body"),
        Request::new(Method::TRACE, "/aaa"),
        Request::get("http://"),
        Request::get("http://[::1"),
        Request::get("http://ada:secret@127.0.0.1/aaa"),
    ];
    for request in requests {
        let answer = test.send(request.clone()).await;
        assert!(matches!(answer, Err(Error::InvalidRequest(_))), "{request:?}: {answer:?}");
        assert!(!format!("{answer:?}").contains("secret"), "{answer:?}");
    }
    assert_eq!(test.page.all_but_sign_outs().len(), 1, "nothing but the sign-in was sent");
}

#[wasm_bindgen_test]
async fn an_access_token_that_a_header_cannot_carry_is_renewed_or_a_typed_error() {
    let test = Fixture::signed_in().await;
    for token in ["line\nbreak", "\0", "ü", "無感"] {
        let mut record = test.record();
        record["access_token"] = token.into();
        test.store_text(&record.to_string());
        assert_eq!(test.get("/bbb").await, Ok(200), "{token:?}");
    }
    assert_eq!(test.page.sent("/bbb").len(), 4, "each was sent with the renewed token only");
    let mut record = test.record();
    record["access_token"] = "ü".into();
    record.as_object_mut().unwrap().remove("refresh_token");
    test.store_text(&record.to_string());
    assert!(matches!(test.get("/bbb").await, Err(Error::InvalidRequest(_))));
    assert_eq!(test.page.sent("/bbb").len(), 4, "nothing was sent");
}

#[wasm_bindgen_test]
async fn an_unreachable_server_is_a_network_error() {
    let client = Client::builder(&unreachable_url()).storage_key("test.unreachable").auto_refresh(false).build().unwrap();
    let answer = client.get("/aaa").timeout(Duration::from_secs(20)).send().await;
    assert!(matches!(answer, Err(Error::Network(_))), "{answer:?}");
    let sign_in = client.post("/user/login").json(&["x"]).sign_in().await;
    assert!(matches!(sign_in, Err(Error::Network(_))), "{sign_in:?}");
}

#[wasm_bindgen_test]
async fn an_empty_base_url_is_the_pages() {
    let client = Client::builder("").storage_key("test.page").auto_refresh(false).build().unwrap();
    let answer = client.get("/no/such/file").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let origin = web_sys::window().unwrap().location().origin().unwrap();
    assert_eq!(
        answer.error_for_status().unwrap_err(),
        Error::Status { status: StatusCode::NOT_FOUND, url: format!("{origin}/no/such/file"), retry_after: None }
    );
}

#[wasm_bindgen_test]
fn case_59_a_base_url_whose_path_would_be_dropped_is_refused() {
    let refused = Client::new(&format!("{SERVER}/v1"));
    assert!(matches!(&refused, Err(Error::InvalidRequest(advice)) if advice.contains(".prefix")), "{refused:?}");
    assert!(Client::new(&format!("{SERVER}/v1/")).is_ok());
}

#[wasm_bindgen_test]
async fn case_59_a_prefix_is_in_front_of_relative_urls() {
    let test = Fixture::with(|builder| builder.prefix("/v1"));
    let other = format!("{SERVER}/aaa");
    for url in ["notes", "/notes", &other] {
        let _ = test.get(url).await;
    }
    let paths: Vec<_> = test.page.all_but_sign_outs().into_iter().map(|sent| sent.path).collect();
    assert_eq!(paths, ["/v1/notes", "/v1/notes", "/aaa"]);
}
