//! The server refuses the refresh token: everybody hears the same, once, and at once.

use crate::world::{World, until};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Error, Event, Reason, RefreshOutcome, State};

const OVER: Error = Error::SignedOut(Reason::Rejected);

async fn with_two_dead_tokens() -> World {
    let world = World::with_a_dead_access_token().await;
    world.spoil("refresh_token");
    world
}

#[wasm_bindgen_test]
async fn case_03_all_waiters_get_the_same_error() {
    let world = with_two_dead_tokens().await;
    assert_eq!(world.burst(20, "/bbb").await, vec![Err(OVER); 20]);
    assert_eq!(world.page.sent("/bbb").len(), 20, "nothing is replayed");
    assert_eq!(world.count(|event| matches!(event, Event::RefreshEnded { outcome: RefreshOutcome::Rejected })), 1);
    assert_eq!(world.count(|event| *event == Event::SignedOut { reason: Reason::Rejected }), 1);
    assert_eq!(world.state(), State::SignedOut { reason: Some(Reason::Rejected) });
}

#[wasm_bindgen_test]
async fn case_08_a_401_to_the_refresh_itself_starts_no_refresh() {
    let world = with_two_dead_tokens().await;
    assert_eq!(world.get("/bbb").await, Err(OVER));
    assert_eq!((world.refreshes(), world.page.answered("/user/refresh", 401)), (1, 1));
    assert_eq!(world.page.sent("/user/refresh")[0].authorization, None);
    // Nobody is signed in: a request goes without a token, and its 401 is just an answer.
    assert_eq!(world.get("/bbb").await, Ok(401));
    assert_eq!((world.refreshes(), world.sign_outs()), (1, 1));
}

#[wasm_bindgen_test]
async fn case_20_a_token_that_still_works_is_used_to_its_end() {
    let world = World::signed_in().await;
    world.spoil("refresh_token");
    assert_eq!(world.client.session().refresh().await, Err(OVER));
    assert_eq!(world.state(), State::SignedIn);
    assert_eq!(world.get("/bbb").await, Ok(200));
    assert_eq!(world.sign_outs(), 0);
    until("it ran out", || world.client.session().peek().expires_in.is_none_or(|left| left.is_zero())).await;
    assert_eq!(world.get("/bbb").await, Err(OVER));
    assert_eq!((world.refreshes(), world.sign_outs()), (1, 1));
}

#[wasm_bindgen_test]
async fn a_used_refresh_token_ends_the_session_at_this_server() {
    let world = World::signed_in().await;
    let before = world.stored().unwrap();
    world.client.session().refresh().await.unwrap();
    assert_eq!(world.get("/bbb").await, Ok(200));
    // A thief, or a tab that did not look: the old pair, after the new one was in use.
    world.put(&before);
    world.spoil("access_token");
    assert_eq!(world.get("/bbb").await, Err(OVER));
}
