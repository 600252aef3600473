//! Tabs are one session: two clients on one key, and Web Locks around the refresh.

use crate::world::{REFRESH, SERVER, World, register, seconds, until};
use futures::future::join;
use serde_json::{Value, json};
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Client, Event, RefreshOutcome, Request, State};

fn another(world: &World) -> Client {
    Client::builder(SERVER).key(&world.key).background(false).build().unwrap()
}

#[wasm_bindgen_test]
async fn case_31_two_clients_on_one_store_one_refresh() {
    let world = World::signed_in().await;
    let other = another(&world);
    for rotation in 1..=3 {
        world.spoil("access_token");
        let theirs = futures::future::join_all((0..10).map(|_| other.get("/bbb")));
        let (ours, theirs) = join(world.burst(10, "/bbb"), theirs).await;
        assert_eq!(ours, vec![Ok(200); 10]);
        assert!(theirs.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status() == 200)), "{theirs:?}");
        assert_eq!(world.refreshes(), rotation);
    }
    assert_eq!(world.sign_outs(), 0);
}

#[wasm_bindgen_test]
async fn sign_out_and_sign_in_show_in_the_other_client() {
    let world = World::signed_in().await;
    let other = another(&world);
    assert_eq!(other.session().peek().user, world.client.session().peek().user);
    other.session().sign_out();
    // By the page's own news, not by asking.
    assert_eq!(world.sign_outs(), 1);
    let b = register(&other).await;
    assert_eq!(world.count(|event| matches!(event, Event::SignedIn { elsewhere: true, .. })), 1);
    assert_eq!(world.user(), Some(b));
}

#[wasm_bindgen_test]
async fn case_36_who_and_until_when_is_known_without_asking() {
    let world = World::new();
    assert_eq!(world.state(), State::SignedOut { reason: None });
    let name = register(&world.client).await;
    let peek = world.client.session().peek();
    assert_eq!((peek.state, peek.user.and_then(|user| user.name)), (State::SignedIn, Some(name)));
    assert_eq!(peek.lifetime.map(|life| life <= Duration::from_secs(2)), Some(true));
    assert!(peek.expires_in.is_some());
    // A page that is loaded again knows it from the store.
    assert_eq!(another(&world).session().peek().state, State::SignedIn);
    assert_eq!(world.page.all().len(), 1, "nothing but the sign-in was sent");
}

#[wasm_bindgen_test]
async fn after_a_refresh_no_lock_is_left() {
    let world = World::with_a_dead_access_token().await;
    world.page.hold(REFRESH);
    let caller = world.begin_get("/bbb");
    until("the refresh is under way", || world.page.held(REFRESH) == 1).await;
    assert!(world.page.locks().await.contains(&world.key), "the refresh holds the lock");
    world.page.release(REFRESH);
    assert_eq!(caller.await, Ok(200));
    no_lock_is_left(&world).await;
}

/// The lock is kept until what was written under it can be read everywhere, and not longer.
async fn no_lock_is_left(world: &World) {
    for _ in 0..200 {
        if !world.page.locks().await.iter().any(|lock| lock.starts_with(&world.key)) {
            return;
        }
        seconds(0.1).await;
    }
    panic!("still held: {:?}", world.page.locks().await);
}

/// What the tab does that got the lock first: it refreshes. The record that it stores then.
async fn refreshed_in_another_tab(world: &World) -> String {
    let mut record = world.record();
    let request = Request::post(REFRESH).json(&json!({ "refresh_token": record["refresh_token"] })).anonymous();
    let tokens: Value = world.client.send(request).await.unwrap().json().await.unwrap();
    for token in ["access_token", "refresh_token"] {
        record[token] = tokens[token].clone();
    }
    record.to_string()
}

#[wasm_bindgen_test]
async fn case_10_the_second_tab_adopts_what_the_first_has_brought() {
    let world = World::with_a_dead_access_token().await;
    world.page.lock(&world.key).await;
    let caller = world.begin_get("/bbb");
    until("it waits", || world.waiting() == 1).await;
    world.put(&refreshed_in_another_tab(&world).await);
    assert_eq!(world.refreshes(), 1);
    world.page.unlock(&world.key);
    assert_eq!(caller.await, Ok(200));
    assert_eq!(world.refreshes(), 1);
    assert_eq!(world.count(|event| matches!(event, Event::RefreshEnded { outcome: RefreshOutcome::Adopted })), 1);
}

#[wasm_bindgen_test]
async fn case_11_a_tab_that_lost_adopts_what_the_winner_has_stored() {
    let world = World::signed_in().await;
    let winners = refreshed_in_another_tab(&world).await;
    world.spoil("access_token");
    world.spoil("refresh_token");
    world.page.hold(REFRESH);
    let callers: Vec<_> = (0..5).map(|_| world.begin_get("/bbb")).collect();
    until("the server has refused it", || world.page.held(REFRESH) == 1).await;
    world.put(&winners);
    world.page.release(REFRESH);
    assert_eq!(futures::future::join_all(callers).await, vec![Ok(200); 5]);
    assert_eq!((world.state(), world.sign_outs()), (State::SignedIn, 0));
    assert_eq!((world.stored().as_deref(), world.page.answered(REFRESH, 401)), (Some(winners.as_str()), 1));
}

#[wasm_bindgen_test]
async fn case_12_a_frozen_tab_loses_the_lock() {
    let world = World::with(|builder| builder.refresh_timeout(Duration::from_secs(2)).lock_patience(Duration::from_secs(4)));
    register(&world.client).await;
    world.spoil("access_token");
    world.page.lock(&world.key).await;
    assert_eq!(world.burst(5, "/bbb").await, vec![Ok(200); 5]);
    assert_eq!(world.refreshes(), 1);
    no_lock_is_left(&world).await;
}

#[wasm_bindgen_test]
async fn a_page_that_is_refused_its_locks_refreshes_without() {
    let world = World::with_a_dead_access_token().await;
    world.page.refuse_locks();
    assert_eq!(world.get("/bbb").await, Ok(200));
    assert_eq!(world.refreshes(), 1);
}

#[wasm_bindgen_test]
async fn a_caller_who_gives_up_leaves_no_lock_behind() {
    let world = World::with_a_dead_access_token().await;
    world.page.lock(&world.key).await;
    let caller = world.begin_get("/bbb");
    until("it waits", || world.waiting() == 1).await;
    drop(caller);
    world.page.unlock(&world.key);
    until("the new pair is stored", || world.record()["access_token"] != "spoilt").await;
    no_lock_is_left(&world).await;
}
