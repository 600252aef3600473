//! A refused token: one refresh for all, one replay for each.

use crate::world::{PASSWORD, World, text};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Cause, Event, Outcome, RefreshOutcome, Request, State};

#[wasm_bindgen_test]
async fn case_01_twenty_401s_one_refresh() {
    let world = World::with_a_dead_access_token().await;
    assert_eq!(world.burst(20, "/bbb").await, vec![Ok(200); 20]);
    assert_eq!((world.page.answered("/bbb", 401), world.page.answered("/bbb", 200)), (20, 20));
    assert_eq!(world.refreshes(), 1);
    assert_eq!(world.count(|event| matches!(event, Event::RefreshStarted { cause: Cause::Unauthorized })), 1);
    assert_eq!(world.count(|event| matches!(event, Event::RefreshEnded { outcome: RefreshOutcome::Granted })), 1);
    assert_eq!(world.count(|event| matches!(event, Event::Sent { replay: true, .. })), 20);
    assert_eq!(world.count(|event| matches!(event, Event::Settled { outcome: Outcome::Answered(200), .. })), 20);
}

#[wasm_bindgen_test]
async fn case_01_bursts_of_fifty_one_refresh_each() {
    let world = World::signed_in().await;
    for rotation in 1..=3 {
        world.spoil("access_token");
        assert_eq!(world.burst(50, "/bbb").await, vec![Ok(200); 50]);
        assert_eq!(world.refreshes(), rotation);
    }
    assert_eq!(world.sign_outs(), 0);
}

#[wasm_bindgen_test]
async fn the_answer_is_the_servers() {
    let world = World::with_a_dead_access_token().await;
    assert_eq!(text(world.client.get("/bbb").await).await, "bbb");
    assert_eq!(text(world.client.get("/aaa").await).await, "aaa");
    let me: serde_json::Value = world.client.get("/user/me").await.unwrap().json().await.unwrap();
    assert_eq!(me["username"].as_str(), world.user().as_deref());
}

#[wasm_bindgen_test]
async fn case_02_late_401s_are_replayed_without_a_second_refresh() {
    let world = World::with_a_dead_access_token().await;
    world.page.hold("/bbb");
    let slow: Vec<_> = (0..3).map(|_| world.begin_get("/bbb")).collect();
    crate::world::until("three late 401s", || world.page.held("/bbb") == 3).await;
    assert_eq!(world.get("/user/me").await, Ok(200));
    assert_eq!(world.refreshes(), 1);
    world.page.release("/bbb");
    assert_eq!(futures::future::join_all(slow).await, vec![Ok(200); 3]);
    assert_eq!(world.refreshes(), 1);
    let tokens: Vec<_> = world.page.sent("/bbb").into_iter().map(|sent| sent.authorization.unwrap()).collect();
    assert!(tokens[..3].iter().all(|token| token == "Bearer spoilt"), "the first three went with the old token");
    assert!(tokens[3..].iter().all(|token| token != "Bearer spoilt"), "the replays went with the new one");
}

#[wasm_bindgen_test]
async fn case_07_an_endpoint_that_always_answers_401() {
    let world = World::signed_in().await;
    let wrong = json!({ "username": world.user(), "password": "not my password" });
    assert_eq!(world.send(Request::post("/user/login").json(&wrong)).await, Ok(401));
    assert_eq!(world.page.answered("/user/login", 401), 2);
    assert_eq!(world.refreshes(), 1);
    assert_eq!(world.state(), State::SignedIn);
    assert_eq!(world.get("/bbb").await, Ok(200));
    assert_eq!(world.refreshes(), 1);
}

#[wasm_bindgen_test]
async fn case_30_a_403_is_no_401() {
    let world = World::signed_in().await;
    let wrong = json!({ "current_password": "not my password", "new_password": PASSWORD });
    assert_eq!(world.send(Request::post("/user/password").json(&wrong)).await, Ok(403));
    assert_eq!(world.page.sent("/user/password").len(), 1);
    // The server looks at a password at its leisure: the token may be due for its renewal by then, but nobody waits for that.
    assert_eq!(world.waiting(), 0);
}

#[wasm_bindgen_test]
async fn case_30_what_counts_as_expired_is_a_predicate() {
    let world = World::with(|builder| builder.unauthorized(|response| response.status() == 404));
    crate::world::register(&world.client).await;
    assert_eq!(world.get("/user/nothing").await, Ok(404));
    assert_eq!(world.page.sent("/user/nothing").len(), 2);
    assert_eq!(world.refreshes(), 1);
    world.spoil("access_token");
    assert_eq!(world.get("/bbb").await, Ok(401));
    assert_eq!(world.refreshes(), 1);
}

#[wasm_bindgen_test]
async fn case_37_requests_that_need_no_replay_go_once() {
    let world = World::signed_in().await;
    assert_eq!(world.burst(10, "/bbb").await, vec![Ok(200); 10]);
    assert_eq!(world.get("/user/nothing").await, Ok(404));
    assert_eq!((world.page.sent("/bbb").len(), world.page.sent("/user/nothing").len()), (10, 1));
    assert_eq!(world.refreshes(), 0);
}
