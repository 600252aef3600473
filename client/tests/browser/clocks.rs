//! Token age with a device clock that is wrong or set while the page runs, with sleep, and with very long lifetimes.

use crate::{
    fixture::{Fixture, SERVER, register, sleep_seconds},
    undo::{Change, replace},
};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::window;
use wugan::{AuthState, Client};

const HOUR: f64 = 3_600_000.0;

/// Sets the device's clock to a wrong time.
fn set_clock_off_by(milliseconds: f64) -> Change {
    replace("Date", "now", &format!("() => original() + {milliseconds}"))
}

fn monotonic_now() -> f64 {
    window().unwrap().performance().unwrap().now()
}

/// Uses the session until it was renewed twice.
async fn one_refresh_per_lifetime(test: &Fixture, allowed_extra: usize) {
    let began = monotonic_now();
    while test.refresh_requests() < 2 + allowed_extra {
        assert_eq!(test.get("/bbb").await, Ok(200));
        // A token lives for one to two seconds: its issue and expiry are whole seconds.
        let lifetimes = ((monotonic_now() - began) / 900.0) as usize + 1;
        assert!(test.refresh_requests() <= lifetimes + allowed_extra, "{} refreshes in {lifetimes} lifetimes", test.refresh_requests());
        sleep_seconds(0.1).await;
    }
    assert_eq!(test.sign_out_events(), 0);
}

#[wasm_bindgen_test]
async fn case_21_one_refresh_per_lifetime_with_a_wrong_device_clock() {
    for hours in [-24.0, -2.0, 2.0, 24.0] {
        let _off = set_clock_off_by(hours * HOUR);
        let test = Fixture::signed_in().await;
        one_refresh_per_lifetime(&test, 0).await;
    }
}

#[wasm_bindgen_test]
async fn case_21_one_refresh_per_lifetime_after_the_device_clock_was_set() {
    for hours in [-24.0, 24.0] {
        let test = Fixture::signed_in().await;
        assert_eq!(test.get("/bbb").await, Ok(200));
        let _off = set_clock_off_by(hours * HOUR);
        // Set forward, the clock makes the token look old, which may cost one refresh.
        one_refresh_per_lifetime(&test, usize::from(hours > 0.0)).await;
    }
}

#[wasm_bindgen_test]
async fn case_23_a_token_of_forty_days_is_not_renewed_at_once() {
    let test = Fixture::signed_in().await;
    let mut record = test.record();
    record["lifetime"] = json!(40 * 24 * 3_600);
    test.store_text(&record.to_string());
    // `setTimeout` counts milliseconds in 32 bits and fires at once beyond them.
    let client = Client::builder(SERVER).storage_key(&test.key).build().unwrap();
    sleep_seconds(1.0).await;
    assert_eq!((client.session().info().state, test.refresh_requests()), (AuthState::SignedIn, 0));
}

#[wasm_bindgen_test]
async fn case_24_a_token_that_expired_while_timers_were_stopped_is_renewed_before_it_is_sent() {
    let test = Fixture::with(|builder| builder.auto_refresh(true));
    register(&test.client).await;
    let before = test.refresh_requests();
    // Blocks the page for longer than the token lives: no timer fires before the request.
    let end = monotonic_now() + 2_500.0;
    while monotonic_now() < end {}
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!(test.page.answered("/bbb", 401), 0);
    assert!(test.refresh_requests() > before);
}
