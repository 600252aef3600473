//! An access token that has expired is renewed before a request is sent with it.

use crate::fixture::{Fixture, PASSWORD, register, sleep_seconds, wait_until};
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Event, RefreshResult, RefreshTrigger, Request};

#[wasm_bindgen_test]
async fn an_expired_token_is_renewed_before_it_is_sent() {
    let test = Fixture::signed_in().await;
    sleep_seconds(2.2).await;
    assert!(test.has_expired());
    assert_eq!(test.burst(20, "/bbb").await, vec![Ok(200); 20]);
    assert_eq!(test.refresh_requests(), 1);
    assert_eq!(test.count_events(|event| matches!(event, Event::RefreshStarted { trigger: RefreshTrigger::Due })), 1);
    assert_eq!(test.page.answered("/bbb", 401), 0);
    assert_eq!(test.page.sent("/bbb").len(), 20);
}

#[wasm_bindgen_test]
async fn case_10_each_expiry_makes_one_refresh() {
    let test = Fixture::signed_in().await;
    for round in 1..=3 {
        wait_until("the access token expires", || test.has_expired()).await;
        assert_eq!(test.burst(10, "/bbb").await, vec![Ok(200); 10]);
        assert_eq!(test.refresh_requests(), round);
    }
    assert_eq!(test.page.answered("/bbb", 401), 0);
    assert_eq!(test.sign_out_events(), 0);
}

#[wasm_bindgen_test]
async fn a_visible_page_renews_its_token_without_a_request() {
    let test = Fixture::with(|builder| builder.auto_refresh(true));
    register(&test.client).await;
    let granted = || test.count_events(|event| matches!(event, Event::RefreshEnded { result: RefreshResult::Granted }));
    wait_until("two refreshes", || granted() >= 2).await;
    assert_eq!(test.page.all_but_sign_outs().len(), 1 + test.refresh_requests(), "nothing else was sent");
}

#[wasm_bindgen_test]
async fn nothing_is_renewed_after_a_sign_out() {
    let test = Fixture::with(|builder| builder.auto_refresh(true));
    register(&test.client).await;
    test.client.session().sign_out();
    sleep_seconds(3.0).await;
    assert_eq!(test.refresh_requests(), 0);
}

#[wasm_bindgen_test]
async fn case_34_token_gives_a_valid_access_token_at_each_call() {
    let test = Fixture::signed_in().await;
    let session = test.client.session();
    let first = session.token().await.unwrap().unwrap();
    wait_until("the access token expires", || test.has_expired()).await;
    let second = session.token().await.unwrap().unwrap();
    assert_ne!(first.as_str(), second.as_str());
    let with_own_header = Request::get("/bbb").header("authorization", format!("Bearer {}", second.as_str()));
    assert_eq!(test.send(with_own_header).await, Ok(200));
    session.sign_out();
    assert!(session.token().await.unwrap().is_none());
}

#[wasm_bindgen_test]
async fn no_event_and_no_debug_output_shows_a_secret() {
    let test = Fixture::with_refused_access_token().await;
    let before = test.record();
    assert_eq!(test.send(Request::get("/bbb").query(&[("secret", "1")]).timeout(Duration::from_secs(20))).await, Ok(200));
    let token = test.client.session().token().await.unwrap();
    let shown = format!("{:?} {:?} {:?} {token:?}", test.events(), test.client, test.client.session());
    let after = test.record();
    let tokens = [&before["refresh_token"], &after["refresh_token"], &after["access_token"], &after["attempt"]];
    for secret in tokens.iter().map(|token| token.as_str().unwrap()).chain([PASSWORD, "corrupt", "secret=1"]) {
        assert!(!shown.contains(secret), "a secret is shown");
    }
}
