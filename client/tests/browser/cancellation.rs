//! Callers that stop waiting, timeouts, and abort signals: each affects its own request only.

use crate::{
    fixture::{Answer, Fixture, REFRESH_PATH, register, sleep_seconds, wait_until},
    page::MockResponse,
};
use futures::{
    StreamExt,
    future::{RemoteHandle, join_all},
};
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::AbortController;
use wugan::{AuthState, Client, Error, Request};

async fn waiting_for_a_refresh(count: usize) -> (Fixture, Vec<RemoteHandle<Answer>>) {
    let test = Fixture::with_refused_access_token().await;
    test.page.hold(REFRESH_PATH);
    let callers = (0..count).map(|_| test.spawn_get("/bbb")).collect();
    wait_until("all requests wait", || test.waiting_events() == count && test.page.held(REFRESH_PATH) == 1).await;
    (test, callers)
}

#[wasm_bindgen_test]
async fn case_04_a_refresh_without_answer_fails_at_its_timeout_and_the_next_one_recovers() {
    let test = Fixture::with(|builder| builder.refresh_timeout(Duration::from_millis(500)));
    register(&test.client).await;
    test.corrupt("access_token");
    test.page.hold(REFRESH_PATH);
    let with_timeout = test.spawn(Request::get("/bbb").timeout(Duration::from_millis(200)));
    let without_timeout = test.spawn_get("/bbb");
    assert_eq!(with_timeout.await, Err(Error::Timeout));
    assert!(matches!(without_timeout.await, Err(Error::Unavailable { .. })));
    assert_eq!((test.state(), test.refresh_requests()), (AuthState::SignedIn, 1));
    test.page.release(REFRESH_PATH);
    // Case 26 too: the server has rotated and its answer was lost. It repeats the answer for the same attempt.
    for _ in 0..100 {
        match test.get("/bbb").await {
            Err(Error::Unavailable { retry_after }) => sleep_seconds(retry_after.as_secs_f64()).await,
            other => {
                assert_eq!(other, Ok(200));
                break;
            }
        }
    }
    assert_eq!((test.refresh_requests(), test.sign_out_events()), (2, 0));
    let attempts: Vec<_> = test.page.sent(REFRESH_PATH).into_iter().map(|sent| sent.body).collect();
    assert_eq!(attempts[0], attempts[1], "the same refresh token and attempt id");
}

#[wasm_bindgen_test]
async fn case_05_the_first_caller_leaves_and_the_others_get_their_answers() {
    let (test, mut callers) = waiting_for_a_refresh(5).await;
    drop(callers.remove(0));
    test.page.release(REFRESH_PATH);
    assert_eq!(join_all(callers).await, vec![Ok(200); 4]);
    assert_eq!(test.refresh_requests(), 1);
    assert!(!test.page.sent(REFRESH_PATH)[0].aborted);
}

#[wasm_bindgen_test]
async fn case_05_an_abort_signal_ends_the_wait_for_a_refresh_at_once() {
    let (test, callers) = waiting_for_a_refresh(2).await;
    let controller = AbortController::new().unwrap();
    let aborted = test.spawn(Request::get("/bbb").signal(&controller.signal()));
    // It is not sent with the token that was refused.
    sleep_seconds(0.1).await;
    controller.abort();
    assert_eq!(aborted.await, Err(Error::Aborted));
    assert_eq!(test.page.held(REFRESH_PATH), 1, "the refresh has not ended");
    test.page.release(REFRESH_PATH);
    assert_eq!(join_all(callers).await, vec![Ok(200); 2]);
    assert_eq!(test.page.sent("/bbb").len(), 4, "two requests and their replays");
}

#[wasm_bindgen_test]
async fn case_06_all_callers_leave_and_the_new_tokens_are_stored() {
    let (test, callers) = waiting_for_a_refresh(3).await;
    drop(callers);
    test.page.release(REFRESH_PATH);
    wait_until("the new tokens are stored", || test.record()["access_token"] != "corrupt").await;
    assert_eq!(test.page.sent("/bbb").len(), 3, "nothing is replayed");
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!(test.refresh_requests(), 1);
}

#[wasm_bindgen_test]
async fn a_timeout_affects_one_waiting_request_only() {
    let (test, callers) = waiting_for_a_refresh(2).await;
    assert_eq!(test.send(Request::get("/bbb").timeout(Duration::from_millis(100))).await, Err(Error::Timeout));
    test.page.release(REFRESH_PATH);
    assert_eq!(join_all(callers).await, vec![Ok(200); 2]);
    assert_eq!(test.refresh_requests(), 1);
}

#[wasm_bindgen_test]
async fn a_timeout_aborts_the_transfer() {
    let test = Fixture::new();
    test.page.hold("/aaa");
    assert_eq!(test.send(Request::get("/aaa").timeout(Duration::from_millis(200))).await, Err(Error::Timeout));
    assert!(test.page.sent("/aaa")[0].aborted);
}

#[wasm_bindgen_test]
async fn an_attempt_timeout_limits_one_sending() {
    let test = Fixture::new();
    test.page.hold("/aaa");
    let limited = Request::get("/aaa").attempt_timeout(Duration::from_millis(200));
    assert_eq!(test.send(limited).await, Err(Error::Timeout));
    assert!(test.page.sent("/aaa")[0].aborted);
}

#[wasm_bindgen_test]
async fn case_60_the_requests_own_timeout_limits_reading_the_body_and_the_default_does_not() {
    let test = Fixture::with(|builder| builder.timeout(Duration::from_millis(300)));
    test.page.respond("/slow", MockResponse::new(200).chunk("begin").stays_open());
    let limited = test.client.get("/slow").timeout(Duration::from_millis(300)).send().await.unwrap();
    assert_eq!(limited.text().await, Err(Error::Timeout));
    let limited = test.client.get("/slow").timeout(Duration::from_millis(300)).send().await.unwrap().bytes_stream();
    let chunks: Vec<_> = Box::pin(limited).take_until(Box::pin(sleep_seconds(5.0))).collect().await;
    assert_eq!(chunks, [Ok(b"begin".to_vec()), Err(Error::Timeout)]);
    let reading = Box::pin(async { test.client.get("/slow").send().await.unwrap().text().await });
    let waiting = Box::pin(sleep_seconds(1.0));
    assert!(matches!(futures::future::select(reading, waiting).await, futures::future::Either::Right(_)), "it goes on reading");
}

#[wasm_bindgen_test]
async fn case_66_the_longest_possible_timeouts_are_accepted() {
    let longest = Duration::MAX;
    let test = Fixture::with(|builder| {
        builder.timeout(longest).attempt_timeout(longest).refresh_timeout(longest).lock_timeout(longest).auto_refresh(true)
    });
    register(&test.client).await;
    test.corrupt("access_token");
    assert_eq!(test.get("/bbb").await, Ok(200));
    let response = test.client.get("/bbb").timeout(longest).attempt_timeout(longest).send().await.unwrap();
    assert_eq!(response.text().await.as_deref(), Ok("bbb"));
    test.client.session().refresh().await.unwrap();
    assert!(test.client.session().token().await.unwrap().is_some());
}

#[wasm_bindgen_test]
async fn a_dropped_request_is_aborted() {
    let test = Fixture::signed_in().await;
    test.page.hold("/bbb");
    let caller = test.spawn_get("/bbb");
    wait_until("the request is sent", || test.page.sent("/bbb").len() == 1).await;
    assert!(!test.page.sent("/bbb")[0].aborted);
    drop(caller);
    wait_until("the request is aborted", || test.page.sent("/bbb")[0].aborted).await;
}

#[wasm_bindgen_test]
async fn an_abort_signal_ends_a_request() {
    let test = Fixture::new();
    test.page.hold("/aaa");
    let controller = AbortController::new().unwrap();
    let caller = test.spawn(Request::get("/aaa").signal(&controller.signal()));
    wait_until("the response is held back", || test.page.held("/aaa") == 1).await;
    controller.abort();
    assert_eq!(caller.await, Err(Error::Aborted));
    assert!(test.page.sent("/aaa")[0].aborted);
    assert_eq!(test.send(Request::get("/aaa").signal(&controller.signal())).await, Err(Error::Aborted), "aborted before it is sent");
    assert_eq!(test.page.answered("/aaa", 200), 1);
}

/// A blob URL has a large body without a server.
#[wasm_bindgen_test]
async fn an_abort_signal_ends_the_reading_of_a_body() {
    let bytes = js_sys::Uint8Array::new_with_length(64 << 20);
    let blob = web_sys::Blob::new_with_u8_array_sequence(&js_sys::Array::of1(&bytes)).unwrap();
    let url = web_sys::Url::create_object_url_with_blob(&blob).unwrap();
    let client = Client::builder("").storage_key("test.blob").auto_refresh(false).build().unwrap();
    let controller = AbortController::new().unwrap();
    let response = client.get(&*url).signal(&controller.signal()).send().await.unwrap();
    controller.abort();
    assert_eq!(response.text().await, Err(Error::Aborted));
    web_sys::Url::revoke_object_url(&url).unwrap();
}

#[wasm_bindgen_test]
async fn an_abort_signal_ends_a_reading_that_has_begun() {
    let test = Fixture::new();
    test.page.respond("/slow", MockResponse::new(200).chunk("begin").stays_open());
    let controller = AbortController::new().unwrap();
    let response = test.client.get("/slow").signal(&controller.signal()).send().await.unwrap();
    let (text, ()) = futures::join!(response.text(), async {
        sleep_seconds(0.2).await;
        controller.abort();
    });
    assert_eq!(text, Err(Error::Aborted));
}

#[wasm_bindgen_test]
async fn an_abort_signal_outlives_the_requests_that_it_was_for() {
    let test = Fixture::new();
    let controller = AbortController::new().unwrap();
    for _ in 0..3 {
        assert_eq!(test.send(Request::get("/aaa").signal(&controller.signal())).await, Ok(200));
    }
    controller.abort();
    assert_eq!(test.get("/aaa").await, Ok(200));
}
