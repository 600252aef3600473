//! Nobody's haste is everybody's loss: callers that go away, deadlines, a refresh that takes its time.

use crate::world::{REFRESH, World, register, until};
use futures::future::join_all;
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Error, Request, State};

async fn waiting_for_a_refresh(many: usize) -> (World, Vec<futures::future::RemoteHandle<Result<u16, Error>>>) {
    let world = World::with_a_dead_access_token().await;
    world.page.hold(REFRESH);
    let callers = (0..many).map(|_| world.begin_get("/bbb")).collect();
    until("all wait", || world.waiting() == many && world.page.held(REFRESH) == 1).await;
    (world, callers)
}

#[wasm_bindgen_test]
async fn case_04_a_refresh_that_never_answers() {
    let world = World::with(|builder| builder.refresh_timeout(Duration::from_millis(500)));
    register(&world.client).await;
    world.spoil("access_token");
    world.page.hold(REFRESH);
    let hasty = world.begin(Request::get("/bbb").deadline(Duration::from_millis(200)));
    let patient = world.begin_get("/bbb");
    assert_eq!(hasty.await, Err(Error::Timeout));
    assert!(matches!(patient.await, Err(Error::Unavailable { .. })));
    assert_eq!((world.state(), world.refreshes()), (State::SignedIn, 1));
    world.page.release(REFRESH);
    // Case 26 too: the server has rotated, its answer was lost, and it gives the same one again.
    for _ in 0..100 {
        match world.get("/bbb").await {
            Err(Error::Unavailable { retry_after }) => crate::world::seconds(retry_after.as_secs_f64()).await,
            other => {
                assert_eq!(other, Ok(200));
                break;
            }
        }
    }
    assert_eq!((world.refreshes(), world.sign_outs()), (2, 0));
}

#[wasm_bindgen_test]
async fn case_05_the_first_caller_goes_away() {
    let (world, mut callers) = waiting_for_a_refresh(5).await;
    drop(callers.remove(0));
    world.page.release(REFRESH);
    assert_eq!(join_all(callers).await, vec![Ok(200); 4]);
    assert_eq!(world.refreshes(), 1);
    assert!(!world.page.sent(REFRESH)[0].aborted);
}

#[wasm_bindgen_test]
async fn case_06_all_callers_go_away() {
    let (world, callers) = waiting_for_a_refresh(3).await;
    drop(callers);
    world.page.release(REFRESH);
    until("the new pair is stored", || world.record()["access_token"] != "spoilt").await;
    assert_eq!(world.page.sent("/bbb").len(), 3, "nobody is left to replay for");
    assert_eq!(world.get("/bbb").await, Ok(200));
    assert_eq!(world.refreshes(), 1);
}

#[wasm_bindgen_test]
async fn a_deadline_fails_one_waiter_alone() {
    let (world, callers) = waiting_for_a_refresh(2).await;
    assert_eq!(world.send(Request::get("/bbb").deadline(Duration::from_millis(100))).await, Err(Error::Timeout));
    world.page.release(REFRESH);
    assert_eq!(join_all(callers).await, vec![Ok(200); 2]);
    assert_eq!(world.refreshes(), 1);
}

#[wasm_bindgen_test]
async fn a_deadline_aborts_the_request() {
    let world = World::new();
    world.page.hold("/aaa");
    assert_eq!(world.send(Request::get("/aaa").deadline(Duration::from_millis(200))).await, Err(Error::Timeout));
    assert!(world.page.sent("/aaa")[0].aborted);
}

#[wasm_bindgen_test]
async fn a_caller_who_goes_away_aborts_his_request() {
    let world = World::signed_in().await;
    world.page.hold("/bbb");
    let caller = world.begin_get("/bbb");
    until("it is on its way", || world.page.sent("/bbb").len() == 1).await;
    assert!(!world.page.sent("/bbb")[0].aborted);
    drop(caller);
    until("it was aborted", || world.page.sent("/bbb")[0].aborted).await;
}
