//! The server rejects the refresh token: all waiting requests get the same error, and the session ends once.

use crate::{
    fixture::{Fixture, REFRESH_PATH, wait_until},
    page::MockResponse,
};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{AuthState, Error, Event, RefreshResult, SignOutReason, TokenSet};

const REJECTED: Error = Error::SignedOut(SignOutReason::Rejected);

async fn with_two_refused_tokens() -> Fixture {
    let test = Fixture::with_refused_access_token().await;
    test.corrupt("refresh_token");
    test
}

#[wasm_bindgen_test]
async fn case_03_all_waiting_requests_get_the_same_error() {
    let test = with_two_refused_tokens().await;
    assert_eq!(test.burst(20, "/bbb").await, vec![Err(REJECTED); 20]);
    assert_eq!(test.count_events(|event| matches!(event, Event::Sent { replay: true, .. })), 0);
    assert!(test.page.sent("/bbb").iter().all(|sent| sent.authorization().is_some()), "nothing is sent without a token");
    assert_eq!(test.count_events(|event| matches!(event, Event::RefreshEnded { result: RefreshResult::Rejected })), 1);
    assert_eq!(test.count_events(|event| *event == Event::SignedOut { reason: SignOutReason::Rejected }), 1);
    assert_eq!(test.state(), AuthState::SignedOut { reason: Some(SignOutReason::Rejected) });
}

#[wasm_bindgen_test]
async fn case_08_a_401_to_the_refresh_itself_starts_no_refresh() {
    let test = with_two_refused_tokens().await;
    assert_eq!(test.get("/bbb").await, Err(REJECTED));
    assert_eq!((test.refresh_requests(), test.page.answered(REFRESH_PATH, 401)), (1, 1));
    assert_eq!(test.page.sent(REFRESH_PATH)[0].authorization(), None);
    // Signed out, a request is sent without a token, and its 401 is returned.
    assert_eq!(test.get("/bbb").await, Ok(401));
    assert_eq!((test.refresh_requests(), test.sign_out_events()), (1, 1));
}

/// The access token is made up, and its lifetime is long enough for the second in which a rejection is checked.
#[wasm_bindgen_test]
async fn case_20_a_valid_access_token_is_used_after_the_refresh_token_was_rejected() {
    let test = Fixture::new();
    test.page.respond("/notes", MockResponse::new(200));
    test.client.session().sign_in(TokenSet::new("made-up-access", "made-up-refresh").with_expires_in(5.0));
    match test.client.session().refresh().await {
        Err(Error::NotRenewable { valid_for: Some(valid_for) }) => assert!(valid_for.as_secs() < 5, "{valid_for:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(test.state(), AuthState::SignedIn);
    assert_eq!(test.get("/notes").await, Ok(200));
    assert_eq!(test.page.sent("/notes")[0].authorization(), Some("Bearer made-up-access"));
    assert_eq!(test.sign_out_events(), 0);
    wait_until("the access token expires", || test.has_expired()).await;
    assert_eq!(test.get("/notes").await, Err(REJECTED));
    assert_eq!((test.refresh_requests(), test.sign_out_events()), (1, 1));
}

#[wasm_bindgen_test]
async fn a_refresh_token_that_is_used_twice_ends_the_session_at_a_strict_server() {
    let test = Fixture::signed_in().await;
    let attempt = test.record()["attempt"].as_str().unwrap().to_owned();
    let copied = test.stored_text().unwrap().replace(&attempt, "the-id-of-another-presenter");
    test.client.session().refresh().await.unwrap();
    assert_eq!(test.get("/bbb").await, Ok(200));
    // A copy of the first tokens is used in another browser, after the second ones were used here.
    let thief = Fixture::new();
    thief.store_text(&copied);
    thief.corrupt("access_token");
    assert_eq!(thief.get("/bbb").await, Err(REJECTED));
    assert_eq!(test.get("/bbb").await, Err(REJECTED));
}

/// An old record, as a storage that lost its latest writes has it.
#[wasm_bindgen_test]
async fn a_record_with_tokens_that_were_exchanged_already_is_not_adopted() {
    let test = Fixture::signed_in().await;
    let old = test.stored_text().unwrap();
    test.client.session().refresh().await.unwrap();
    let new = test.stored_text();
    test.store_text(&old);
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!((test.stored_text(), test.refresh_requests()), (new, 1));
}
