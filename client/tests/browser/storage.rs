//! Case 27: the store may fail. The session goes on in memory, with one warning, and nothing panics or loops.

use crate::world::{SERVER, World, register, until};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Client, Event, State, Warning};

impl World {
    fn warnings(&self) -> Vec<Warning> {
        let warning = |event| if let Event::Warning(warning) = event { Some(warning) } else { None };
        self.events().into_iter().filter_map(warning).collect()
    }

    /// Works now, and after the token ran out.
    async fn works_in_memory(&self) {
        assert_eq!(self.get("/bbb").await, Ok(200));
        until("it ran out", || self.client.session().peek().expires_in.is_none_or(|left| left.is_zero())).await;
        assert_eq!(self.burst(5, "/bbb").await, vec![Ok(200); 5]);
        assert_eq!(self.refreshes(), 1, "{:?}", self.events());
        assert_eq!(self.state(), State::SignedIn);
    }
}

#[wasm_bindgen_test]
async fn case_27_rubbish_is_replaced_by_the_next_sign_in() {
    let world = World::new();
    for rubbish in ["", "null", "{\"v\":1}", "{\"v\":1,\"session\":7}", "\u{0}\u{fffd}", "[[[["] {
        world.put(rubbish);
        assert_eq!(world.state(), State::SignedOut { reason: None }, "{rubbish:?}");
        assert!(Client::builder(SERVER).key(&world.key).build().is_ok());
    }
    assert_eq!(world.warnings(), [Warning::StoreUnreadable]);
    register(&world.client).await;
    assert!(world.record()["access_token"].is_string());
    assert_eq!(world.get("/bbb").await, Ok(200));
}

#[wasm_bindgen_test]
async fn case_27_rubbish_under_a_session_leaves_it_alone() {
    let world = World::signed_in().await;
    world.put("rubbish");
    world.works_in_memory().await;
    assert_eq!(world.warnings(), [Warning::StoreUnreadable]);
}

#[wasm_bindgen_test]
async fn case_27_a_later_versions_record_is_left_alone() {
    let later = "{\"v\":2,\"tokens\":{\"of\":\"the future\"}}";
    let world = World::new();
    world.put(later);
    register(&world.client).await;
    world.works_in_memory().await;
    world.client.session().sign_out();
    assert_eq!(world.stored().as_deref(), Some(later));
    assert_eq!(world.warnings(), [Warning::StoreOfLaterVersion]);
}

#[wasm_bindgen_test]
async fn case_27_a_record_that_is_deleted_under_us_comes_back() {
    let world = World::signed_in().await;
    world.remove();
    world.works_in_memory().await;
    assert_eq!(world.warnings(), [Warning::StoreCleared]);
    assert!(world.record()["access_token"].is_string(), "the refresh stored it again");
}

#[wasm_bindgen_test]
async fn case_27_storage_denied() {
    let world = World::new();
    world.page.deny_storage();
    register(&world.client).await;
    world.works_in_memory().await;
    world.client.session().sign_out();
    assert_ne!(world.state(), State::SignedIn);
    assert_eq!(world.warnings(), [Warning::StoreDenied]);
}

#[wasm_bindgen_test]
async fn case_27_storage_denied_from_the_start() {
    let page = crate::page::Page::new();
    page.deny_storage();
    let client = Client::builder(SERVER).key("test.denied").background(false).build().unwrap();
    register(&client).await;
    assert_eq!(client.get("/bbb").await.unwrap().status(), 200);
    page.allow_storage();
}

#[wasm_bindgen_test]
async fn case_27_storage_full() {
    let world = World::new();
    world.page.fill_storage();
    register(&world.client).await;
    assert_eq!(world.stored(), None);
    world.works_in_memory().await;
    assert_eq!(world.warnings(), [Warning::StoreFull]);
}
