//! The session's signals change with the session, and with nothing else.

use crate::fixture::{Fixture, register, sleep_seconds, wait_until};
use leptos::prelude::*;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    AuthState, SignOutReason, User,
    leptos::{UseSessionOptions, use_session, use_session_with_options},
};

#[wasm_bindgen_test]
async fn the_signals_follow_the_session() {
    let test = Fixture::new();
    let page = test.mount(|| {
        let session = use_session();
        move || match (session.state.get(), session.user.get()) {
            (AuthState::SignedIn, user) => user.and_then(|user| user.name).unwrap_or_default(),
            (AuthState::SignedOut { reason }, _) => format!("{reason:?}"),
        }
    });
    assert_eq!(page.text().await, "None");
    let name = register(&test.client).await;
    assert_eq!(page.text().await, name);
    test.client.session().sign_out();
    assert_eq!(page.text().await, format!("{:?}", Some(SignOutReason::ByUser)));
    // As another tab does.
    let other = Fixture::signed_in().await;
    test.store_text(&other.stored_text().unwrap());
    test.state();
    assert_eq!(page.text().await, other.user_name().unwrap());
}

#[wasm_bindgen_test]
async fn a_refresh_changes_nothing_but_the_expiry() {
    let test = Fixture::signed_in().await;
    let users = Rc::new(RefCell::new(Vec::<Option<User>>::new()));
    let expiries = Rc::new(Cell::new(0));
    let (seen, counted) = (users.clone(), expiries.clone());
    let page = test.mount(move || {
        let session = use_session();
        Effect::new(move || {
            let _ = (session.state.get(), session.signed_in.get(), session.ready.get(), session.session_id.get());
            seen.borrow_mut().push(session.user.get());
        });
        Effect::new(move || {
            session.expires_in.track();
            counted.set(counted.get() + 1);
        });
    });
    page.text().await;
    let before = expiries.get();
    test.client.session().refresh().await.unwrap();
    page.text().await;
    assert_eq!(users.borrow().len(), 1, "the same user in the same session");
    assert!(expiries.get() > before, "the new token has its own expiry");
}

#[wasm_bindgen_test]
async fn a_tick_of_any_length_is_accepted() {
    let test = Fixture::new();
    for tick in [Duration::ZERO, Duration::MAX] {
        let page = test.mount(move || {
            let session = use_session_with_options(UseSessionOptions::default().tick(tick));
            move || format!("{:?}", session.expires_in.get())
        });
        assert_eq!(page.text().await, "None");
    }
}

#[wasm_bindgen_test]
async fn case_36_the_expiry_counts_down_with_a_tick() {
    let test = Fixture::signed_in().await;
    let seen = Rc::new(RefCell::new(Vec::new()));
    let list = seen.clone();
    let mut page = test.mount(move || {
        let session = use_session_with_options(UseSessionOptions::default().tick(Duration::from_millis(20)));
        Effect::new(move || list.borrow_mut().push(session.expires_in.get()));
    });
    wait_until("three ticks", || seen.borrow().len() >= 3).await;
    let times = seen.borrow().clone();
    assert!(times.iter().all(Option::is_some) && times.is_sorted_by(|earlier, later| earlier >= later) && times[0] > times[2], "{times:?}");
    page.unmount();
    let ticks = seen.borrow().len();
    sleep_seconds(0.2).await;
    assert_eq!(seen.borrow().len(), ticks, "the timer ended with the component");
}

#[wasm_bindgen_test]
async fn a_sign_out_after_the_component_was_removed_does_no_harm() {
    let test = Fixture::signed_in().await;
    let mut page = test.mount(|| {
        let session = use_session();
        move || session.signed_in.get().to_string()
    });
    assert_eq!(page.text().await, "true");
    page.unmount();
    test.client.session().sign_out();
    assert_eq!(test.mount(|| use_session().signed_in.get_untracked().to_string()).text().await, "false");
}
