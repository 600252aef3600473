//! Case 27: storage that is denied, full, cleared or damaged. The session goes on in memory, with one warning.

use crate::fixture::{Fixture, SERVER, register, wait_until};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{AuthState, Client, Event, Warning};

impl Fixture {
    fn warnings(&self) -> Vec<Warning> {
        let warning = |event| if let Event::Warning(warning) = event { Some(warning) } else { None };
        self.events().into_iter().filter_map(warning).collect()
    }

    /// Sends requests before and after the access token expires.
    async fn assert_works_in_memory(&self) {
        assert_eq!(self.get("/bbb").await, Ok(200));
        wait_until("the access token expires", || self.has_expired()).await;
        assert_eq!(self.burst(5, "/bbb").await, vec![Ok(200); 5]);
        assert_eq!(self.refresh_requests(), 1, "{:?}", self.events());
        assert_eq!(self.state(), AuthState::SignedIn);
    }
}

#[wasm_bindgen_test]
async fn case_27_a_damaged_record_is_replaced_by_the_next_sign_in() {
    let test = Fixture::new();
    for damaged in ["", "null", "{\"v\":2}", "{\"v\":2,\"session\":7}", "\u{0}\u{fffd}", "[[[["] {
        test.store_text(damaged);
        assert_eq!(test.state(), AuthState::SignedOut { reason: None }, "{damaged:?}");
        assert!(Client::builder(SERVER).storage_key(&test.key).build().is_ok());
    }
    assert_eq!(test.warnings(), [Warning::StoreUnreadable]);
    register(&test.client).await;
    assert!(test.record()["access_token"].is_string());
    assert_eq!(test.get("/bbb").await, Ok(200));
}

#[wasm_bindgen_test]
async fn case_27_a_record_that_is_damaged_during_a_session_does_not_end_it() {
    let test = Fixture::signed_in().await;
    test.store_text("damaged");
    test.assert_works_in_memory().await;
    assert_eq!(test.warnings(), [Warning::StoreUnreadable]);
}

#[wasm_bindgen_test]
async fn case_27_a_record_of_a_later_version_is_left_alone() {
    let later = "{\"v\":3,\"tokens\":{\"unknown\":\"format\"}}";
    let test = Fixture::new();
    test.store_text(later);
    register(&test.client).await;
    test.assert_works_in_memory().await;
    test.client.session().sign_out();
    assert_eq!(test.stored_text().as_deref(), Some(later));
    assert_eq!(test.warnings(), [Warning::StoreOfLaterVersion]);
}

#[wasm_bindgen_test]
async fn case_27_a_removed_record_is_stored_again_by_the_next_refresh() {
    let test = Fixture::signed_in().await;
    test.remove_record();
    test.assert_works_in_memory().await;
    assert_eq!(test.warnings(), [Warning::StoreCleared]);
    assert!(test.record()["access_token"].is_string());
}

#[wasm_bindgen_test]
async fn case_27_the_session_works_in_memory_when_storage_becomes_denied() {
    let test = Fixture::new();
    test.page.deny_storage();
    register(&test.client).await;
    test.assert_works_in_memory().await;
    test.client.session().sign_out();
    assert_ne!(test.state(), AuthState::SignedIn);
    assert_eq!(test.warnings(), [Warning::StoreDenied]);
}

#[wasm_bindgen_test]
async fn case_27_the_session_works_in_memory_when_storage_is_denied_from_the_start() {
    let page = crate::page::Page::new();
    page.deny_storage();
    let client = Client::builder(SERVER).storage_key("test.denied").auto_refresh(false).build().unwrap();
    register(&client).await;
    assert_eq!(client.get("/bbb").send().await.unwrap().status(), 200);
}

#[wasm_bindgen_test]
async fn case_27_the_session_works_in_memory_when_storage_is_full() {
    let test = Fixture::new();
    test.page.fill_storage();
    register(&test.client).await;
    assert_eq!(test.stored_text(), None);
    test.assert_works_in_memory().await;
    assert_eq!(test.warnings(), [Warning::StoreFull]);
}
