//! Time is the server's: a device clock that is wrong, or set while the page runs, and tokens that live very short or very long.

use crate::world::{SERVER, World, register, seconds};
use js_sys::{Function, Reflect};
use serde_json::json;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::window;
use wugan::{Client, State};

const HOUR: f64 = 3_600_000.0;

/// The device's clock is off by so many milliseconds, until this is dropped.
struct ClockOff(JsValue);

impl ClockOff {
    fn by(milliseconds: f64) -> ClockOff {
        let date = Reflect::get(&js_sys::global(), &"Date".into()).unwrap();
        let right = Reflect::get(&date, &"now".into()).unwrap();
        let off = Function::new_with_args("now, off", "return () => now() + off");
        let wrong = off.call2(&JsValue::UNDEFINED, &right, &milliseconds.into()).unwrap();
        Reflect::set(&date, &"now".into(), &wrong).unwrap();
        ClockOff(right)
    }
}

impl Drop for ClockOff {
    fn drop(&mut self) {
        let date = Reflect::get(&js_sys::global(), &"Date".into()).unwrap();
        Reflect::set(&date, &"now".into(), &self.0).unwrap();
    }
}

fn elapsed() -> f64 {
    window().unwrap().performance().unwrap().now()
}

/// Uses the session for two lifetimes of its tokens, however long that takes on this machine.
async fn one_refresh_per_lifetime(world: &World, more: usize) {
    let began = elapsed();
    while world.refreshes() < 2 + more {
        assert_eq!(world.get("/bbb").await, Ok(200));
        // A token lives 2 s, or one if the second has just turned, and is renewed at most a tenth of that before its end.
        let lifetimes = ((elapsed() - began) / 900.0) as usize + 1;
        assert!(world.refreshes() <= lifetimes + more, "{} refreshes in {lifetimes} lifetimes", world.refreshes());
        seconds(0.1).await;
    }
    assert_eq!(world.sign_outs(), 0);
}

#[wasm_bindgen_test]
async fn case_21_a_clock_that_is_wrong_from_the_start() {
    for hours in [-24.0, -2.0, 2.0, 24.0] {
        let _off = ClockOff::by(hours * HOUR);
        let world = World::signed_in().await;
        one_refresh_per_lifetime(&world, 0).await;
    }
}

#[wasm_bindgen_test]
async fn case_21_a_clock_that_is_set_while_the_page_runs() {
    for hours in [-24.0, 24.0] {
        let world = World::signed_in().await;
        assert_eq!(world.get("/bbb").await, Ok(200));
        let _off = ClockOff::by(hours * HOUR);
        // Set forward, the token looks old: that may cost one refresh.
        one_refresh_per_lifetime(&world, usize::from(hours > 0.0)).await;
    }
}

#[wasm_bindgen_test]
async fn case_23_a_token_of_forty_days_is_not_due_at_once() {
    let world = World::signed_in().await;
    let mut record = world.record();
    record["lifetime"] = json!(40 * 24 * 3_600);
    world.put(&record.to_string());
    // A page that is loaded now, and renews in the background: `setTimeout` counts in 32 bits, and fires at once beyond.
    let client = Client::builder(SERVER).key(&world.key).build().unwrap();
    seconds(1.0).await;
    assert_eq!((client.session().peek().state, world.refreshes()), (State::SignedIn, 0));
}

#[wasm_bindgen_test]
async fn case_24_what_ran_out_while_nothing_ran_is_renewed_before_it_is_sent() {
    let world = World::with(|builder| builder.background(true));
    register(&world.client).await;
    let before = world.refreshes();
    // The page is stopped for longer than the token lives: no timer fires, and the first thing that runs again is the request.
    let end = elapsed() + 2_500.0;
    while elapsed() < end {}
    assert_eq!(world.get("/bbb").await, Ok(200));
    assert_eq!(world.page.answered("/bbb", 401), 0);
    assert!(world.refreshes() > before);
}
