//! Before it hurts: a token that ran out, or is about to, is renewed before it is sent.

use crate::world::{PASSWORD, World, register, seconds, until};
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Cause, Event, RefreshOutcome, Request};

impl World {
    fn has_run_out(&self) -> bool {
        self.client.session().peek().expires_in.is_none_or(|left| left.is_zero())
    }
}

#[wasm_bindgen_test]
async fn rule_09_an_expired_token_is_renewed_before_it_is_sent() {
    let world = World::signed_in().await;
    seconds(2.2).await;
    assert!(world.has_run_out());
    assert_eq!(world.burst(20, "/bbb").await, vec![Ok(200); 20]);
    assert_eq!(world.refreshes(), 1);
    assert_eq!(world.count(|event| matches!(event, Event::RefreshStarted { cause: Cause::Due })), 1);
    assert_eq!(world.page.answered("/bbb", 401), 0);
    assert_eq!(world.page.sent("/bbb").len(), 20);
}

#[wasm_bindgen_test]
async fn case_10_expiry_after_expiry_one_refresh_each() {
    let world = World::signed_in().await;
    for rotation in 1..=3 {
        until("it ran out", || world.has_run_out()).await;
        assert_eq!(world.burst(10, "/bbb").await, vec![Ok(200); 10]);
        assert_eq!(world.refreshes(), rotation);
    }
    assert_eq!(world.page.answered("/bbb", 401), 0);
    assert_eq!(world.sign_outs(), 0);
}

#[wasm_bindgen_test]
async fn a_visible_page_renews_in_the_background() {
    let world = World::with(|builder| builder.background(true));
    register(&world.client).await;
    until("two renewals", || world.count(|event| matches!(event, Event::RefreshEnded { outcome: RefreshOutcome::Granted })) >= 2).await;
    assert_eq!(world.page.all().len(), 1 + world.refreshes(), "and nothing else was sent");
}

#[wasm_bindgen_test]
async fn after_a_sign_out_nothing_is_renewed() {
    let world = World::with(|builder| builder.background(true));
    register(&world.client).await;
    world.client.session().sign_out();
    seconds(3.0).await;
    assert_eq!(world.refreshes(), 0);
}

#[wasm_bindgen_test]
async fn case_34_a_good_access_token_for_each_attempt() {
    let world = World::signed_in().await;
    let session = world.client.session();
    let first = session.access_token().await.unwrap().unwrap();
    until("it ran out", || world.has_run_out()).await;
    let second = session.access_token().await.unwrap().unwrap();
    assert_ne!(first, second);
    let by_hand = Request::get("/bbb").header("authorization", &format!("Bearer {second}"));
    assert_eq!(world.send(by_hand).await, Ok(200));
    session.sign_out();
    assert_eq!(session.access_token().await, Ok(None));
}

#[wasm_bindgen_test]
async fn no_event_shows_a_secret() {
    let world = World::with_a_dead_access_token().await;
    let tokens = [world.record()["refresh_token"].clone()];
    assert_eq!(world.send(Request::get("/bbb?secret=1").deadline(Duration::from_secs(20))).await, Ok(200));
    let shown = format!("{:?} {:?}", world.events(), world.client);
    for secret in tokens.iter().filter_map(|token| token.as_str()).chain([PASSWORD, "spoilt", "secret=1"]) {
        assert!(!shown.contains(secret), "an event shows a secret");
    }
}
