//! Tabs share one session: a second client with the same storage key, and the Web Lock around the refresh.

use crate::{
    fixture::{Fixture, REFRESH_PATH, register, send, sleep_seconds, wait_until},
    page::WebLock,
};
use futures::future::{join, join_all};
use serde_json::{Value, json};
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{AuthState, Event, RefreshResult, Request, SignOutReason};

#[wasm_bindgen_test]
async fn case_31_two_clients_with_one_storage_key_make_one_refresh() {
    let test = Fixture::signed_in().await;
    let second = test.second_client();
    for round in 1..=3 {
        test.corrupt("access_token");
        let of_second = join_all((0..10).map(|_| send(&second, Request::get("/bbb"))));
        let (of_first, of_second) = join(test.burst(10, "/bbb"), of_second).await;
        assert_eq!((of_first, of_second), (vec![Ok(200); 10], vec![Ok(200); 10]));
        assert_eq!(test.refresh_requests(), round);
    }
    assert_eq!(test.sign_out_events(), 0);
}

#[wasm_bindgen_test]
async fn sign_out_and_sign_in_reach_the_other_client() {
    let test = Fixture::signed_in().await;
    let second = test.second_client();
    assert_eq!(second.session().info().user, test.client.session().info().user);
    second.session().sign_out();
    // By an event, before the session is asked.
    assert_eq!(test.count_events(|event| *event == Event::SignedOut { reason: SignOutReason::OtherTab }), 1);
    let user = register(&second).await;
    assert_eq!(test.count_events(|event| matches!(event, Event::SignedIn { other_tab: true, .. })), 1);
    assert_eq!(test.user_name(), Some(user));
}

#[wasm_bindgen_test]
async fn case_36_info_is_known_without_a_request() {
    let test = Fixture::new();
    assert_eq!(test.state(), AuthState::SignedOut { reason: None });
    let name = register(&test.client).await;
    let info = test.client.session().info();
    assert_eq!((info.state, info.user.and_then(|user| user.name)), (AuthState::SignedIn, Some(name)));
    assert_eq!(info.lifetime.map(|lifetime| lifetime <= Duration::from_secs(2)), Some(true));
    assert!(info.expires_in.is_some());
    // A page that is loaded again reads it from the storage.
    assert_eq!(test.second_client().session().info().state, AuthState::SignedIn);
    assert_eq!(test.page.all_but_sign_outs().len(), 1, "nothing but the sign-in was sent");
}

/// The locks of one test that are held.
async fn held_locks(test: &Fixture) -> Vec<WebLock> {
    test.page.locks().await.held.into_iter().filter(|lock| lock.name.starts_with(&test.key)).collect()
}

/// The lock is kept until what was written under it is visible in every tab, and then released.
async fn wait_until_no_lock_is_left(test: &Fixture) {
    for _ in 0..200 {
        let locks = test.page.locks().await;
        if !locks.held.iter().chain(&locks.pending).any(|lock| lock.name.starts_with(&test.key)) {
            return;
        }
        sleep_seconds(0.1).await;
    }
    panic!("still held: {:?}", test.page.locks().await);
}

#[wasm_bindgen_test]
async fn the_lock_names_the_exchange_and_is_released_after_the_refresh() {
    let test = Fixture::with_refused_access_token().await;
    let lock_name = test.lock_name();
    test.page.hold(REFRESH_PATH);
    let caller = test.spawn_get("/bbb");
    wait_until("the refresh is answered", || test.page.held(REFRESH_PATH) == 1).await;
    let names: Vec<_> = held_locks(&test).await.into_iter().map(|lock| lock.name).collect();
    assert_eq!(names, [lock_name]);
    test.page.release(REFRESH_PATH);
    assert_eq!(caller.await, Ok(200));
    wait_until_no_lock_is_left(&test).await;
}

/// Refreshes with the tokens of a record as another tab does. Returns the record that it stores.
async fn refreshed_by_another_tab(test: &Fixture, mut record: Value) -> String {
    let body = json!({ "refresh_token": record["refresh_token"], "attempt": record["attempt"] });
    let tokens: Value = test.client.post(REFRESH_PATH).json(&body).anonymous().send().await.unwrap().json().await.unwrap();
    for token in ["access_token", "refresh_token"] {
        record[token] = tokens[token].clone();
    }
    record["attempt"] = "0123456789abcdef".into();
    record.to_string()
}

#[wasm_bindgen_test]
async fn case_10_tokens_that_another_tab_stored_are_adopted_before_it_releases_the_lock() {
    let test = Fixture::with_refused_access_token().await;
    let lock_name = test.lock_name();
    test.page.lock(&lock_name).await;
    let caller = test.spawn_get("/bbb");
    wait_until("the request waits", || test.waiting_events() == 1).await;
    sleep_seconds(0.2).await;
    assert_eq!(test.refresh_requests(), 0, "the lock is held elsewhere");
    test.store_text(&refreshed_by_another_tab(&test, test.record()).await);
    assert_eq!(caller.await, Ok(200));
    assert_eq!(test.refresh_requests(), 1);
    assert_eq!(test.count_events(|event| matches!(event, Event::RefreshEnded { result: RefreshResult::Adopted })), 1);
    test.page.unlock(&lock_name);
    wait_until_no_lock_is_left(&test).await;
}

#[wasm_bindgen_test]
async fn case_11_after_a_rejection_the_tokens_of_another_tab_are_adopted() {
    let test = Fixture::signed_in().await;
    let of_other_tab = refreshed_by_another_tab(&test, test.record()).await;
    test.corrupt("access_token");
    test.corrupt("refresh_token");
    test.page.hold(REFRESH_PATH);
    let callers: Vec<_> = (0..5).map(|_| test.spawn_get("/bbb")).collect();
    wait_until("the refresh is rejected", || test.page.held(REFRESH_PATH) == 1).await;
    test.store_text(&of_other_tab);
    test.page.release(REFRESH_PATH);
    assert_eq!(join_all(callers).await, vec![Ok(200); 5]);
    assert_eq!((test.state(), test.sign_out_events()), (AuthState::SignedIn, 0));
    assert_eq!((test.stored_text(), test.page.answered(REFRESH_PATH, 401)), (Some(of_other_tab), 1));
}

/// The storage of other processes lags behind in Chromium: the tokens arrive after the rejection.
#[wasm_bindgen_test]
async fn case_11_tokens_that_arrive_half_a_second_after_a_rejection_are_adopted() {
    let test = Fixture::signed_in().await;
    let record = test.record();
    test.corrupt("access_token");
    test.corrupt("refresh_token");
    let caller = test.spawn_get("/bbb");
    wait_until("the refresh is rejected", || test.page.answered(REFRESH_PATH, 401) == 1).await;
    sleep_seconds(0.5).await;
    // Only now, as the access token lives for two seconds.
    test.store_text(&refreshed_by_another_tab(&test, record).await);
    assert_eq!(caller.await, Ok(200));
    assert_eq!(test.sign_out_events(), 0);
}

#[wasm_bindgen_test]
async fn case_12_a_tab_that_holds_the_lock_too_long_does_not_stop_the_others() {
    let test = Fixture::with(|builder| builder.refresh_timeout(Duration::from_secs(1)).lock_timeout(Duration::ZERO));
    register(&test.client).await;
    test.corrupt("access_token");
    let lock_name = test.lock_name();
    test.page.lock(&lock_name).await;
    test.page.hold(REFRESH_PATH);
    let callers: Vec<_> = (0..5).map(|_| test.spawn_get("/bbb")).collect();
    wait_until("the refresh is answered", || test.page.held(REFRESH_PATH) == 1).await;
    let locks = held_locks(&test).await;
    let mut names: Vec<_> = locks.iter().map(|lock| lock.name.clone()).collect();
    names.sort();
    assert_eq!(names, [lock_name.clone(), format!("{lock_name}:2")]);
    assert!(locks.iter().all(|lock| !lock.client_id.is_empty() && lock.client_id == locks[0].client_id), "held by this page: {locks:?}");
    let pending = test.page.locks().await.pending;
    assert!(pending.iter().any(|lock| lock.name == lock_name), "it keeps its place in the queue of the first lock: {pending:?}");
    test.page.release(REFRESH_PATH);
    assert_eq!(join_all(callers).await, vec![Ok(200); 5]);
    assert_eq!(test.refresh_requests(), 1);
    test.page.unlock(&lock_name);
    wait_until_no_lock_is_left(&test).await;
}

#[wasm_bindgen_test]
async fn a_page_whose_locks_are_refused_refreshes_without_a_lock() {
    let test = Fixture::with_refused_access_token().await;
    test.page.refuse_locks();
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!(test.refresh_requests(), 1);
}

#[wasm_bindgen_test]
async fn a_caller_that_leaves_while_the_lock_is_awaited_leaves_no_lock_behind() {
    let test = Fixture::with_refused_access_token().await;
    let lock_name = test.lock_name();
    test.page.lock(&lock_name).await;
    let caller = test.spawn_get("/bbb");
    wait_until("the request waits", || test.waiting_events() == 1).await;
    drop(caller);
    test.page.unlock(&lock_name);
    wait_until("the new tokens are stored", || test.record()["access_token"] != "corrupt").await;
    wait_until_no_lock_is_left(&test).await;
}
