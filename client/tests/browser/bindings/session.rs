//! The session as signals: they move with it, and only with it.

use crate::world::{World, register, until};
use leptos::prelude::*;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Reason, State, User,
    leptos::{UseSessionOptions, use_session, use_session_with_options},
};

#[wasm_bindgen_test]
async fn the_signals_follow_the_session() {
    let world = World::new();
    let page = world.mount(|| {
        let session = use_session();
        move || match (session.state.get(), session.user.get()) {
            (State::SignedIn, user) => user.and_then(|user| user.name).unwrap_or_default(),
            (State::SignedOut { reason }, _) => format!("{reason:?}"),
        }
    });
    assert_eq!(page.text().await, "None");
    let a = register(&world.client).await;
    assert_eq!(page.text().await, a);
    world.client.session().sign_out();
    assert_eq!(page.text().await, format!("{:?}", Some(Reason::ByUser)));
    // Another tab's doing.
    let other = World::signed_in().await;
    world.put(&other.stored().unwrap());
    world.state();
    assert_eq!(page.text().await, other.user().unwrap());
}

#[wasm_bindgen_test]
async fn a_refresh_moves_nothing_but_the_expiry() {
    let world = World::signed_in().await;
    let users = Rc::new(RefCell::new(Vec::<Option<User>>::new()));
    let expiries = Rc::new(Cell::new(0));
    let (seen, counted) = (users.clone(), expiries.clone());
    let page = world.mount(move || {
        let session = use_session();
        Effect::new(move || {
            let _ = (session.state.get(), session.signed_in.get(), session.certain.get());
            seen.borrow_mut().push(session.user.get());
        });
        Effect::new(move || {
            session.expires_in.track();
            counted.set(counted.get() + 1);
        });
    });
    page.text().await;
    let before = expiries.get();
    world.client.session().refresh().await.unwrap();
    page.text().await;
    assert_eq!(users.borrow().len(), 1, "the same user in the same session is no news");
    assert!(expiries.get() > before, "the new token has a life of its own");
}

#[wasm_bindgen_test]
async fn case_36_the_expiry_counts_down_if_asked_to() {
    let world = World::signed_in().await;
    let seen = Rc::new(RefCell::new(Vec::new()));
    let list = seen.clone();
    let mut page = world.mount(move || {
        let session = use_session_with_options(UseSessionOptions::default().tick(Duration::from_millis(20)));
        Effect::new(move || list.borrow_mut().push(session.expires_in.get()));
    });
    until("three looks at the clock", || seen.borrow().len() >= 3).await;
    let looks = seen.borrow().clone();
    assert!(looks.iter().all(Option::is_some) && looks.is_sorted_by(|earlier, later| earlier >= later) && looks[0] > looks[2], "{looks:?}");
    page.unmount();
    let looks = seen.borrow().len();
    crate::world::seconds(0.2).await;
    assert_eq!(seen.borrow().len(), looks, "the clock went with the page");
}

#[wasm_bindgen_test]
async fn a_component_that_is_gone_hears_nothing() {
    let world = World::signed_in().await;
    let mut page = world.mount(|| {
        let session = use_session();
        move || session.signed_in.get().to_string()
    });
    assert_eq!(page.text().await, "true");
    page.unmount();
    world.client.session().sign_out();
    assert_eq!(world.mount(|| use_session().signed_in.get_untracked().to_string()).text().await, "false");
}
