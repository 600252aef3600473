//! A refresh belongs to the session in which it started: sign-outs and other users' sign-ins during a refresh.

use crate::fixture::{Fixture, REFRESH_PATH, register, unreachable_url, wait_until};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{AuthState, Error, Event, RefreshResult, Request, SignIn, SignOutReason, grant::Json};

#[wasm_bindgen_test]
async fn case_14_a_sign_out_during_a_refresh_is_final() {
    let test = Fixture::with_refused_access_token().await;
    test.page.hold(REFRESH_PATH);
    let waiting = test.spawn_get("/bbb");
    wait_until("the refresh is answered", || test.page.held(REFRESH_PATH) == 1).await;
    test.client.session().sign_out();
    let stored = test.stored_text();
    test.page.release(REFRESH_PATH);
    assert_eq!(waiting.await, Err(Error::SignedOut(SignOutReason::ByUser)));
    let discarded = || test.count_events(|event| matches!(event, Event::RefreshEnded { result: RefreshResult::Discarded }));
    wait_until("the refresh ends", || discarded() == 1).await;
    assert_eq!(test.stored_text(), stored, "nothing was stored");
    assert_eq!(test.state(), AuthState::SignedOut { reason: Some(SignOutReason::ByUser) });
    assert_eq!((test.sign_out_events(), test.count_events(|event| matches!(event, Event::SignedIn { .. }))), (1, 1));
    assert_eq!(test.page.sent("/bbb").len(), 1);
}

async fn another_user_signs_in_before_the_refresh_is_answered(test: Fixture) {
    test.page.hold(REFRESH_PATH);
    let waiting = test.spawn_get("/bbb");
    wait_until("the refresh is answered", || test.page.held(REFRESH_PATH) == 1).await;
    test.client.session().sign_out();
    let second_user = register(&test.client).await;
    let stored = test.stored_text();
    test.page.release(REFRESH_PATH);
    assert_eq!(waiting.await, Err(Error::SessionChanged));
    assert_eq!((test.stored_text(), test.user_name()), (stored, Some(second_user)));
    assert_eq!(test.get("/user/me").await, Ok(200));
    assert_eq!(test.sign_out_events(), 1);
    assert_eq!(test.page.sent("/bbb").len(), 1, "the first user's request is not replayed");
}

#[wasm_bindgen_test]
async fn case_15_a_late_200_does_not_touch_the_next_session() {
    another_user_signs_in_before_the_refresh_is_answered(Fixture::with_refused_access_token().await).await;
}

#[wasm_bindgen_test]
async fn case_15_a_late_401_does_not_touch_the_next_session() {
    let test = Fixture::with_refused_access_token().await;
    test.corrupt("refresh_token");
    another_user_signs_in_before_the_refresh_is_answered(test).await;
}

#[wasm_bindgen_test]
async fn case_16_another_client_signs_in_another_user() {
    let test = Fixture::with_refused_access_token().await;
    test.page.hold(REFRESH_PATH);
    let waiting = test.spawn_get("/bbb");
    wait_until("the refresh is answered", || test.page.held(REFRESH_PATH) == 1).await;
    let second_user = register(&test.second_client()).await;
    assert_eq!(test.user_name(), Some(second_user));
    test.page.release(REFRESH_PATH);
    assert_eq!(waiting.await, Err(Error::SessionChanged));
    assert_eq!(test.page.sent("/bbb").len(), 1, "the first user's request is not replayed");
    assert_eq!(test.count_events(|event| matches!(event, Event::SignedIn { other_tab: true, .. })), 1);
    assert_eq!(test.get("/bbb").await, Ok(200));
}

/// More requests than are sent at a time: the last ones have not been sent when the user changes.
#[wasm_bindgen_test]
async fn case_16_a_request_that_was_not_sent_yet_is_not_sent_for_another_user() {
    let test = Fixture::with_refused_access_token().await;
    test.page.hold(REFRESH_PATH);
    let waiting: Vec<_> = (0..10).map(|_| test.spawn_get("/bbb")).collect();
    wait_until("the refresh is answered", || test.page.held(REFRESH_PATH) == 1).await;
    let sent = test.page.sent("/bbb").len();
    register(&test.second_client()).await;
    test.page.release(REFRESH_PATH);
    assert_eq!(futures::future::join_all(waiting).await, vec![Err(Error::SessionChanged); 10]);
    assert_eq!(test.page.sent("/bbb").len(), sent);
}

#[wasm_bindgen_test]
async fn case_17_the_server_is_told_of_a_sign_out() {
    let test = Fixture::signed_in().await;
    let token = test.record()["refresh_token"].clone();
    test.client.session().sign_out();
    assert!(!test.stored_text().unwrap().contains("token"), "no token is left in the storage");
    // The sign-out request of an earlier test may still be on its way.
    let is_ours =
        |body: &Option<Vec<u8>>| body.as_ref().is_some_and(|body| String::from_utf8_lossy(body).contains(token.as_str().unwrap()));
    let ours = || test.page.sent("/user/logout").into_iter().find(|sent| is_ours(&sent.body) && sent.status == 204);
    wait_until("the sign-out request was answered", || ours().is_some()).await;
    assert_ne!(ours().unwrap().keepalive, Some(false), "the request outlives the page");
    let refresh = Request::post(REFRESH_PATH).json(&json!({ "refresh_token": token })).anonymous();
    assert_eq!(test.send(refresh).await, Ok(401));
}

#[wasm_bindgen_test]
async fn case_17_a_sign_out_that_does_not_reach_the_server_takes_effect() {
    let nowhere = format!("{}/user/logout", unreachable_url());
    let test = Fixture::with(|builder| builder.grant(Json::new(REFRESH_PATH).revoke(nowhere)));
    register(&test.client).await;
    test.client.session().sign_out();
    assert_eq!(test.state(), AuthState::SignedOut { reason: Some(SignOutReason::ByUser) });
    assert_eq!(test.get("/bbb").await, Ok(401));
    assert_eq!(test.page.sent("/bbb")[0].authorization(), None);
    assert_eq!(test.sign_out_events(), 1);
}

#[wasm_bindgen_test]
async fn a_refused_sign_in_stores_nothing() {
    let test = Fixture::new();
    let wrong = test.client.post("/user/login").json(&json!({ "username": "no.such.user", "password": "wrong password" }));
    let result = wrong.sign_in().await.unwrap();
    assert!(matches!(&result, SignIn::Refused(response) if response.status() == 401), "{result:?}");
    assert_eq!((test.stored_text(), test.refresh_requests()), (None, 0));
}
