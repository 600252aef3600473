//! A refused access token: one refresh for all requests, one replay for each.

use crate::{
    fixture::{Fixture, PASSWORD, REFRESH_PATH, register, text, wait_until},
    page::MockResponse,
};
use futures::future::join_all;
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{AuthState, Error, Event, Outcome, RefreshResult, RefreshTrigger, Request};

const REFUSED: Option<&str> = Some("Bearer corrupt");

#[wasm_bindgen_test]
async fn case_01_twenty_requests_with_a_refused_token_make_one_refresh() {
    let test = Fixture::with_refused_access_token().await;
    assert_eq!(test.burst(20, "/bbb").await, vec![Ok(200); 20]);
    let refused = test.page.answered("/bbb", 401);
    assert_eq!(test.page.answered("/bbb", 200), 20);
    assert_eq!(test.refresh_requests(), 1);
    assert_eq!(test.count_events(|event| matches!(event, Event::RefreshStarted { trigger: RefreshTrigger::Unauthorized })), 1);
    assert_eq!(test.count_events(|event| matches!(event, Event::RefreshEnded { result: RefreshResult::Granted })), 1);
    assert_eq!(test.count_events(|event| matches!(event, Event::Sent { replay: true, .. })), refused);
    assert_eq!(test.count_events(|event| matches!(event, Event::Settled { outcome: Outcome::Answered(200), .. })), 20);
}

#[wasm_bindgen_test]
async fn case_67_at_most_six_requests_are_sent_with_a_token_that_was_not_accepted_yet() {
    let test = Fixture::with_refused_access_token().await;
    assert_eq!(test.burst(50, "/bbb").await, vec![Ok(200); 50]);
    let refused = test.page.answered("/bbb", 401);
    assert!((1..=6).contains(&refused), "{refused} requests were sent with the refused token");
    assert_eq!(test.page.sent("/bbb").len(), 50 + refused);
}

#[wasm_bindgen_test]
async fn case_01_each_burst_makes_one_refresh() {
    let test = Fixture::signed_in().await;
    for round in 1..=3 {
        test.corrupt("access_token");
        // More requests would wait in the browser's queue until the server's tokens of two seconds have expired.
        assert_eq!(test.burst(20, "/bbb").await, vec![Ok(200); 20]);
        assert_eq!(test.refresh_requests(), round);
    }
    assert_eq!(test.sign_out_events(), 0);
}

#[wasm_bindgen_test]
async fn the_caller_reads_the_body_of_the_replay() {
    let test = Fixture::with_refused_access_token().await;
    assert_eq!(text(test.client.get("/bbb").send().await).await, "bbb");
    assert_eq!(text(test.client.get("/aaa").send().await).await, "aaa");
    let me: serde_json::Value = test.client.get("/user/me").send().await.unwrap().json().await.unwrap();
    assert_eq!(me["username"].as_str(), test.user_name().as_deref());
}

#[wasm_bindgen_test]
async fn case_02_late_401s_are_replayed_without_a_second_refresh() {
    let test = Fixture::with_refused_access_token().await;
    test.page.hold("/bbb");
    let slow: Vec<_> = (0..3).map(|_| test.spawn_get("/bbb")).collect();
    wait_until("three responses are held back", || test.page.held("/bbb") == 3).await;
    assert_eq!(test.get("/user/me").await, Ok(200));
    assert_eq!(test.refresh_requests(), 1);
    test.page.release("/bbb");
    assert_eq!(join_all(slow).await, vec![Ok(200); 3]);
    assert_eq!(test.refresh_requests(), 1);
    let sent = test.page.sent("/bbb");
    assert!(sent[..3].iter().all(|sent| sent.authorization() == REFUSED), "sent with the refused token");
    assert!(sent[3..].iter().all(|sent| sent.authorization() != REFUSED), "replayed with the new token");
}

#[wasm_bindgen_test]
async fn case_07_a_route_that_always_answers_401_is_sent_twice_and_the_401_is_returned() {
    let test = Fixture::signed_in().await;
    let wrong = json!({ "username": test.user_name(), "password": "not my password" });
    assert_eq!(test.send(Request::post("/user/login").json(&wrong)).await, Ok(401));
    assert_eq!(test.page.answered("/user/login", 401), 2);
    assert_eq!(test.refresh_requests(), 1);
    assert_eq!(test.state(), AuthState::SignedIn);
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!(test.refresh_requests(), 1);
}

#[wasm_bindgen_test]
async fn case_52_polling_a_route_that_always_answers_401_makes_one_refresh() {
    let test = Fixture::with_made_up_tokens();
    test.page.respond("/poll", MockResponse::new(401));
    test.page.respond(REFRESH_PATH, crate::fixture::token_response("new-access", "new-refresh"));
    for _ in 0..10 {
        assert_eq!(test.get("/poll").await, Ok(401));
    }
    assert_eq!((test.page.sent("/poll").len(), test.refresh_requests()), (11, 1));
    assert_eq!(test.state(), AuthState::SignedIn);
}

#[wasm_bindgen_test]
async fn case_53_a_request_with_no_refresh_keeps_its_token_and_gets_the_401() {
    let test = Fixture::with_refused_access_token().await;
    assert_eq!(test.send(Request::get("/bbb").no_refresh()).await, Ok(401));
    let sent = test.page.sent("/bbb");
    assert_eq!((sent.len(), sent[0].authorization(), test.refresh_requests()), (1, REFUSED, 0));
}

#[wasm_bindgen_test]
async fn case_30_a_403_starts_no_refresh() {
    let test = Fixture::signed_in().await;
    let wrong = json!({ "current_password": "not my password", "new_password": PASSWORD });
    assert_eq!(test.send(Request::post("/user/password").json(&wrong)).await, Ok(403));
    assert_eq!(test.page.sent("/user/password").len(), 1);
    assert_eq!(test.waiting_events(), 0);
}

#[wasm_bindgen_test]
async fn case_30_the_predicate_decides_which_responses_refuse_the_token() {
    let test = Fixture::with(|builder| builder.is_unauthorized(|response| response.status() == 404));
    register(&test.client).await;
    assert_eq!(test.get("/user/nothing").await, Ok(404));
    assert_eq!(test.page.sent("/user/nothing").len(), 2);
    assert_eq!(test.refresh_requests(), 1);
    test.corrupt("access_token");
    assert_eq!(test.get("/bbb").await, Ok(401));
    assert_eq!(test.refresh_requests(), 1);
}

#[wasm_bindgen_test]
async fn case_53_the_predicate_sees_the_url() {
    let test =
        Fixture::with(|builder| builder.is_unauthorized(|response| response.status() == 401 && !response.url().ends_with("/user/login")));
    register(&test.client).await;
    let wrong = json!({ "username": test.user_name(), "password": "not my password" });
    assert_eq!(test.send(Request::post("/user/login").json(&wrong)).await, Ok(401));
    assert_eq!((test.page.sent("/user/login").len(), test.refresh_requests()), (1, 0));
}

#[wasm_bindgen_test]
async fn case_37_accepted_requests_are_sent_once() {
    let test = Fixture::signed_in().await;
    assert_eq!(test.burst(10, "/bbb").await, vec![Ok(200); 10]);
    assert_eq!(test.get("/user/nothing").await, Ok(404));
    assert_eq!((test.page.sent("/bbb").len(), test.page.sent("/user/nothing").len()), (10, 1));
    assert_eq!(test.refresh_requests(), 0);
}

#[wasm_bindgen_test]
async fn case_61_token_after_shares_the_refresh_of_the_requests() {
    let test = Fixture::with_refused_access_token().await;
    let session = test.client.session();
    let refused = session.token().await.unwrap().unwrap();
    let (answers, newer, again) = futures::join!(test.burst(5, "/bbb"), session.token_after(&refused), session.token_after(&refused));
    assert_eq!(answers, vec![Ok(200); 5]);
    let newer = newer.unwrap();
    assert_eq!(newer.as_str(), again.unwrap().as_str());
    assert_ne!(newer.as_str(), refused.as_str());
    // A token that is newer already costs no refresh.
    assert_eq!(session.token_after(&refused).await.unwrap().as_str(), newer.as_str());
    assert_eq!(test.refresh_requests(), 1);
    session.sign_out();
    assert!(matches!(session.token_after(&newer).await, Err(Error::SignedOut(_))));
}

#[cfg(feature = "devtools")]
#[wasm_bindgen_test]
async fn a_token_corrupted_by_devtools_is_renewed_by_the_next_request() {
    let test = Fixture::signed_in().await;
    test.client.session().corrupt_access_token();
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!((test.page.answered("/bbb", 401), test.refresh_requests()), (1, 1));
    test.client.session().corrupt_refresh_token();
    test.client.session().corrupt_access_token();
    assert!(matches!(test.get("/bbb").await, Err(Error::SignedOut(wugan::SignOutReason::Rejected))));
}
