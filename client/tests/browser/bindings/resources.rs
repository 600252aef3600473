//! Resources: loaded for each session, aborted with it, and never shown to another user.

use super::{ME, user_name};
use crate::fixture::{Fixture, register, wait_until};
use leptos::prelude::*;
use std::{cell::Cell, rc::Rc};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::leptos::{UseSessionResourceReturn, use_session, use_session_resource};

/// The session's user, and the user that was loaded.
fn me() -> AnyView {
    let (session, loaded) = (use_session(), use_session_resource(user_name));
    let user = move || session.user.get().and_then(|user| user.name).unwrap_or_default();
    view! { {user} "=" {move || loaded.value.get().flatten()} }.into_any()
}

#[wasm_bindgen_test]
async fn a_resource_is_loaded_for_each_session_and_belongs_to_it() {
    let test = Fixture::new();
    let page = test.mount(me);
    assert_eq!(page.text().await, "=");
    assert_eq!(test.page.sent(ME).len(), 0, "no user is signed in");
    let first = register(&test.client).await;
    page.shows(&format!("{first}={first}")).await;
    test.client.session().refresh().await.unwrap();
    page.text().await;
    assert_eq!(test.page.sent(ME).len(), 1, "a refresh loads nothing");
    test.client.session().sign_out();
    assert_eq!(page.text().await, "=");
    test.page.hold(ME);
    let second = register(&test.client).await;
    wait_until("the second user's request is answered", || test.page.held(ME) == 1).await;
    assert_eq!(page.text().await, format!("{second}="), "nothing of the first user is left");
    test.page.release(ME);
    page.shows(&format!("{second}={second}")).await;
    assert_eq!(test.page.sent(ME).len(), 2);
}

#[wasm_bindgen_test]
async fn a_sign_out_aborts_the_request_and_the_next_session_does_not_wait_for_it() {
    let test = Fixture::signed_in().await;
    test.page.hold(ME);
    let page = test.mount(me);
    wait_until("the first user's request is answered", || test.page.held(ME) == 1).await;
    test.client.session().sign_out();
    wait_until("it is aborted", || test.page.sent(ME)[0].aborted).await;
    let second = register(&test.client).await;
    wait_until("the second user's request is sent", || test.page.sent(ME).len() == 2).await;
    test.page.release(ME);
    page.shows(&format!("{second}={second}")).await;
}

#[wasm_bindgen_test]
async fn removing_the_component_aborts_the_request() {
    let test = Fixture::signed_in().await;
    test.page.hold(ME);
    let mut page = test.mount(me);
    wait_until("the request is answered", || test.page.held(ME) == 1).await;
    page.unmount();
    wait_until("it is aborted", || test.page.sent(ME)[0].aborted).await;
}

#[wasm_bindgen_test]
async fn a_resource_is_loaded_again_when_a_signal_changes_and_on_refetch() {
    let test = Fixture::signed_in().await;
    test.page.hold(ME);
    let (number, shared) = (RwSignal::new(1), Rc::<Cell<Option<UseSessionResourceReturn<i32>>>>::default());
    let out = shared.clone();
    let page = test.mount(move || {
        let tenfold = use_session_resource(move |client| {
            let number = number.get();
            async move {
                let _ = client.get(ME).send().await;
                number * 10
            }
        });
        out.set(Some(tenfold));
        view! { <Suspense fallback=|| "wait">{move || tenfold.value.get()}</Suspense> }
    });
    wait_until("the request is answered", || test.page.held(ME) == 1).await;
    page.shows("wait").await;
    test.page.release(ME);
    page.shows("10").await;
    number.set(2);
    page.shows("20").await;
    shared.get().unwrap().refetch();
    wait_until("it is loaded once more", || test.page.answered(ME, 200) == 3).await;
    page.shows("20").await;
}

/// Another tab signs another user in, which this page has not noticed before the first response.
#[wasm_bindgen_test]
async fn case_45_loading_of_the_first_user_sends_no_request_as_the_second() {
    let (test, other) = (Fixture::signed_in().await, Fixture::signed_in().await);
    test.page.hold(ME);
    let page = test.mount(|| {
        let loaded = use_session_resource(|client| async move {
            let user = user_name(client.clone()).await?;
            let _ = client.get(format!("/second/{user}")).send().await;
            Some(user)
        });
        move || loaded.value.get().flatten()
    });
    wait_until("the first request is answered", || test.page.held(ME) == 1).await;
    let (first, second) = (test.user_name().unwrap(), other.user_name().unwrap());
    test.store_text(&other.stored_text().unwrap());
    test.page.release(ME);
    page.shows(&second).await;
    assert_eq!([first, second].map(|user| test.page.sent(&format!("/second/{user}")).len()), [0, 1]);
}
