//! A refresh belongs to the session it started in: signing out, and in as somebody else, in the middle of it.

use crate::world::{REFRESH, SERVER, World, register, unreachable, until};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Client, Error, Event, Json, Reason, RefreshOutcome, Request, State};

#[wasm_bindgen_test]
async fn case_14_sign_out_during_a_refresh() {
    let world = World::with_a_dead_access_token().await;
    world.page.hold(REFRESH);
    let waiter = world.begin_get("/bbb");
    until("the answer is on its way", || world.page.held(REFRESH) == 1).await;
    world.client.session().sign_out();
    let ended = world.stored();
    world.page.release(REFRESH);
    assert_eq!(waiter.await, Err(Error::SignedOut(Reason::ByUser)));
    until("the refresh ended", || world.count(|event| matches!(event, Event::RefreshEnded { outcome: RefreshOutcome::Superseded })) == 1)
        .await;
    assert_eq!(world.stored(), ended, "nothing was stored");
    assert_eq!(world.state(), State::SignedOut { reason: Some(Reason::ByUser) });
    assert_eq!((world.sign_outs(), world.count(|event| matches!(event, Event::SignedIn { .. }))), (1, 1));
    assert_eq!(world.page.sent("/bbb").len(), 1);
}

async fn b_signs_in_before_the_answer_to_a(world: World) {
    world.page.hold(REFRESH);
    let waiter = world.begin_get("/bbb");
    until("the answer to A is on its way", || world.page.held(REFRESH) == 1).await;
    world.client.session().sign_out();
    let b = register(&world.client).await;
    let of_b = world.stored();
    world.page.release(REFRESH);
    assert_eq!(waiter.await, Err(Error::SessionChanged));
    assert_eq!((world.stored(), world.user()), (of_b, Some(b)));
    assert_eq!(world.get("/user/me").await, Ok(200));
    assert_eq!(world.sign_outs(), 1);
    assert_eq!(world.page.sent("/bbb").len(), 1, "A's request is not sent as B");
}

#[wasm_bindgen_test]
async fn case_15_a_late_200_changes_nothing() {
    b_signs_in_before_the_answer_to_a(World::with_a_dead_access_token().await).await;
}

#[wasm_bindgen_test]
async fn case_15_a_late_401_changes_nothing() {
    let world = World::with_a_dead_access_token().await;
    world.spoil("refresh_token");
    b_signs_in_before_the_answer_to_a(world).await;
}

#[wasm_bindgen_test]
async fn case_16_another_client_signs_in_as_somebody_else() {
    let world = World::with_a_dead_access_token().await;
    world.page.hold(REFRESH);
    let waiter = world.begin_get("/bbb");
    until("the answer to A is on its way", || world.page.held(REFRESH) == 1).await;
    let other = Client::builder(SERVER).key(&world.key).background(false).build().unwrap();
    let b = register(&other).await;
    assert_eq!(world.user(), Some(b));
    world.page.release(REFRESH);
    assert_eq!(waiter.await, Err(Error::SessionChanged));
    assert_eq!(world.page.sent("/bbb").len(), 1, "A's request is not sent as B");
    assert_eq!(world.count(|event| matches!(event, Event::SignedIn { elsewhere: true, .. })), 1);
    assert_eq!(world.get("/bbb").await, Ok(200));
}

#[wasm_bindgen_test]
async fn case_17_a_sign_out_is_told_to_the_server() {
    let world = World::signed_in().await;
    let token = world.record()["refresh_token"].clone();
    world.client.session().sign_out();
    assert!(!world.stored().unwrap().contains("token"), "no token is left in the store");
    until("the server was told", || world.page.answered("/user/logout", 204) == 1).await;
    let again = Request::post(REFRESH).json(&json!({ "refresh_token": token })).anonymous();
    assert_eq!(world.send(again).await, Ok(401));
}

#[wasm_bindgen_test]
async fn case_17_a_sign_out_that_reaches_nobody_is_one_all_the_same() {
    let nowhere = format!("{}/user/logout", unreachable());
    let world = World::with(|builder| builder.grant(Json::new(REFRESH).revoke(nowhere)));
    register(&world.client).await;
    world.client.session().sign_out();
    assert_eq!(world.state(), State::SignedOut { reason: Some(Reason::ByUser) });
    assert_eq!(world.get("/bbb").await, Ok(401));
    assert_eq!(world.page.sent("/bbb")[0].authorization, None);
    assert_eq!(world.sign_outs(), 1);
}

#[wasm_bindgen_test]
async fn a_refused_sign_in_leaves_nothing() {
    let world = World::new();
    let wrong = Request::post("/user/login").json(&json!({ "username": "nobody.at.all", "password": "whatever it was" }));
    let answer = world.client.sign_in(wrong).await.unwrap();
    assert!(matches!(&answer, wugan::SignIn::Refused(answer) if answer.status() == 401), "{answer:?}");
    assert_eq!((world.stored(), world.refreshes()), (None, 0));
}
