//! Actions: they wait for a sign-in when their session is over, and end with a sign-out.

use super::Mounted;
use crate::fixture::{Fixture, PASSWORD, register, sleep_seconds, wait_until};
use crate::page::MockResponse;
use leptos::prelude::*;
use serde_json::json;
use std::{cell::Cell, rc::Rc};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Client, Error, SignIn,
    leptos::{UseSessionActionReturn, use_session_action},
};

/// A route that answers a text with 415, which shows that the request passed authentication.
const ROUTE: &str = "/user/password";

type Save = UseSessionActionReturn<&'static str, u16, Error>;

async fn post(client: Client, path: &str) -> Result<u16, Error> {
    client.post(path).text("note").send().await.map(|response| response.status().as_u16())
}

/// A component that shows the value, whether the action is pending and whether it awaits a sign-in.
fn mount_action(test: &Fixture) -> (Mounted, Save) {
    let shared: Rc<Cell<Option<Save>>> = Rc::default();
    let out = shared.clone();
    let page = test.mount(move || {
        let save = use_session_action(|client: Client, path: &'static str| async move { post(client, path).await });
        out.set(Some(save));
        move || format!("{:?} {} {}", save.value.get(), save.pending.get(), save.awaiting_sign_in.get())
    });
    let save = shared.get().unwrap();
    (page, save)
}

const DONE: &str = "Some(Ok(415)) false false";
const NOTHING: &str = "None false false";
const AWAITING: &str = "None false true";
const SESSION_ENDED: &str = "Some(Err(SignedOut(Rejected))) false true";

#[wasm_bindgen_test]
async fn an_action_of_a_signed_in_user_runs_at_once() {
    let test = Fixture::signed_in().await;
    let (page, save) = mount_action(&test);
    assert_eq!(page.text().await, NOTHING);
    save.dispatch(ROUTE);
    page.shows(DONE).await;
    assert_eq!(test.page.sent(ROUTE).len(), 1);
}

#[wasm_bindgen_test]
async fn actions_without_a_session_all_run_after_the_sign_in() {
    let test = Fixture::new();
    let (page, save) = mount_action(&test);
    save.dispatch(ROUTE);
    save.dispatch(ROUTE);
    assert_eq!(page.text().await, AWAITING);
    register(&test.client).await;
    page.shows(DONE).await;
    assert_eq!(test.page.sent(ROUTE).len(), 2);
}

/// The server has ended the session; the action finds out and waits. Returns the user's name.
async fn find_the_session_ended(test: &Fixture, page: &Mounted, save: Save) -> String {
    let name = test.user_name().unwrap();
    test.corrupt("access_token");
    test.corrupt("refresh_token");
    save.dispatch(ROUTE);
    page.shows(SESSION_ENDED).await;
    name
}

#[wasm_bindgen_test]
async fn an_action_refused_at_the_end_of_the_session_runs_when_the_same_user_is_back() {
    let test = Fixture::signed_in().await;
    let (page, save) = mount_action(&test);
    let username = find_the_session_ended(&test, &page, save).await;
    let sign_in = test.client.post("/user/login").json(&json!({ "username": username, "password": PASSWORD })).sign_in();
    assert!(matches!(sign_in.await, Ok(SignIn::Done(_))));
    page.shows(DONE).await;
    assert_eq!(test.page.sent(ROUTE).len(), 2, "refused once, done once");
}

#[wasm_bindgen_test]
async fn case_16_an_action_of_one_user_does_not_run_as_another() {
    let test = Fixture::signed_in().await;
    let (page, save) = mount_action(&test);
    find_the_session_ended(&test, &page, save).await;
    // As in a form that is still shown.
    save.dispatch(ROUTE);
    register(&test.client).await;
    page.shows(NOTHING).await;
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!(test.page.sent(ROUTE).len(), 1);
}

#[wasm_bindgen_test]
async fn a_sign_out_discards_a_running_action() {
    let test = Fixture::signed_in().await;
    let (page, save) = mount_action(&test);
    test.page.hold(ROUTE);
    save.dispatch(ROUTE);
    wait_until("the action is answered", || test.page.held(ROUTE) == 1).await;
    assert_eq!(page.text().await, "None true false");
    test.client.session().sign_out();
    wait_until("it is aborted", || test.page.sent(ROUTE)[0].aborted).await;
    assert_eq!(page.text().await, NOTHING);
    test.page.release(ROUTE);
    register(&test.client).await;
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!((page.text().await.as_str(), test.page.sent(ROUTE).len()), (NOTHING, 1));
}

#[wasm_bindgen_test]
async fn case_45_a_sign_out_aborts_all_running_dispatches() {
    let test = Fixture::signed_in().await;
    let (page, save) = mount_action(&test);
    test.page.hold(ROUTE);
    save.dispatch(ROUTE);
    save.dispatch(ROUTE);
    wait_until("both are answered", || test.page.held(ROUTE) == 2).await;
    test.client.session().sign_out();
    register(&test.client).await;
    test.page.release(ROUTE);
    sleep_seconds(0.3).await;
    assert!(test.page.sent(ROUTE).iter().all(|sent| sent.aborted));
    assert_eq!(page.text().await, NOTHING);
}

#[wasm_bindgen_test]
async fn case_45_a_result_of_the_first_user_is_not_shown_to_the_second() {
    let (test, other) = (Fixture::signed_in().await, Fixture::signed_in().await);
    let (page, save) = mount_action(&test);
    save.dispatch(ROUTE);
    page.shows(DONE).await;
    test.page.hold(ROUTE);
    save.dispatch(ROUTE);
    wait_until("the second dispatch is answered", || test.page.held(ROUTE) == 1).await;
    // Another tab signs in as another user, without a sign-out in between.
    test.store_text(&other.stored_text().unwrap());
    test.state();
    assert_eq!(page.text().await, NOTHING, "the first result is removed at once");
    test.page.release(ROUTE);
    sleep_seconds(0.3).await;
    assert_eq!(page.text().await, NOTHING, "the second result is dropped");
}

/// Signs another user in from another tab while an action of two requests waits for the first answer.
async fn change_user_during_an_action(test: &Fixture, other: &str, is_noticed_meanwhile: bool, is_unmounted: bool) {
    test.page.hold(ROUTE);
    let mut page = test.mount(|| {
        let act = use_session_action(|client: Client, ()| async move {
            post(client.clone(), ROUTE).await?;
            post(client, "/user/second").await
        });
        act.dispatch(());
        move || format!("{:?} {} {}", act.value.get(), act.pending.get(), act.awaiting_sign_in.get())
    });
    wait_until("the first request is answered", || test.page.held(ROUTE) == 1).await;
    if is_unmounted {
        page.unmount();
        sleep_seconds(0.05).await;
    }
    test.store_text(other);
    if is_noticed_meanwhile {
        test.state();
    }
    test.page.release(ROUTE);
    sleep_seconds(0.3).await;
    let what = format!("noticed meanwhile: {is_noticed_meanwhile}, unmounted: {is_unmounted}");
    assert_eq!(test.page.sent("/user/second"), [], "{what}");
    assert!(is_unmounted || page.text().await == NOTHING, "{what}");
}

#[wasm_bindgen_test]
async fn case_45_a_running_action_of_the_first_user_sends_no_request_as_the_second() {
    // Whether the other tab's sign-in is noticed while the first request is sent, or not before its response.
    for (is_noticed_meanwhile, is_unmounted) in [(true, false), (false, false), (true, true), (false, true)] {
        let (test, other) = (Fixture::signed_in().await, Fixture::signed_in().await);
        change_user_during_an_action(&test, &other.stored_text().unwrap(), is_noticed_meanwhile, is_unmounted).await;
    }
}

#[wasm_bindgen_test]
async fn case_45_a_running_action_is_aborted_by_a_sign_in_whose_token_names_no_user() {
    let test = Fixture::with_made_up_tokens();
    // Sessions are ordered by the millisecond in which they began.
    sleep_seconds(0.01).await;
    let other = Fixture::with_made_up_tokens();
    test.page.respond(ROUTE, MockResponse::new(200));
    change_user_during_an_action(&test, &other.stored_text().unwrap(), true, false).await;
}

#[wasm_bindgen_test]
async fn a_result_stays_when_the_server_renews_the_session_of_the_same_user() {
    let test = Fixture::signed_in().await;
    let (page, save) = mount_action(&test);
    save.dispatch(ROUTE);
    page.shows(DONE).await;
    let username = test.user_name().unwrap();
    let sign_in = test.client.post("/user/login").json(&json!({ "username": username, "password": PASSWORD })).sign_in();
    assert!(matches!(sign_in.await, Ok(SignIn::Done(_))));
    assert_eq!(page.text().await, DONE);
}

#[wasm_bindgen_test]
async fn an_action_whose_session_ends_between_its_requests_waits_for_a_sign_in() {
    let test = Fixture::signed_in().await;
    let username = test.user_name().unwrap();
    test.page.hold(ROUTE);
    let page = test.mount(|| {
        let act = use_session_action(|client: Client, ()| async move {
            post(client.clone(), ROUTE).await?;
            client.get("/bbb").send().await?.error_for_status().map(|response| response.status().as_u16())
        });
        act.dispatch(());
        move || format!("{:?} {}", act.value.get(), act.awaiting_sign_in.get())
    });
    wait_until("the first request is answered", || test.page.held(ROUTE) == 1).await;
    // Another request finds out that the server has ended the session.
    test.corrupt("access_token");
    test.corrupt("refresh_token");
    assert!(test.get("/bbb").await.is_err());
    test.page.release(ROUTE);
    wait_until("the action waits", || page.text_now().ends_with(" true")).await;
    let sign_in = test.client.post("/user/login").json(&json!({ "username": username, "password": PASSWORD })).sign_in();
    assert!(matches!(sign_in.await, Ok(SignIn::Done(_))));
    page.shows("Some(Ok(200)) false").await;
}

/// An error type of an application.
#[derive(Clone, Debug)]
struct AppError(Error);

impl std::fmt::Display for AppError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("could not be saved")
    }
}

impl std::error::Error for AppError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[wasm_bindgen_test]
async fn the_end_of_the_session_is_found_in_the_source_of_an_apps_error() {
    let test = Fixture::with_refused_access_token().await;
    test.corrupt("refresh_token");
    let page = test.mount(move || {
        let act = use_session_action(|client: Client, ()| async move { client.get("/bbb").send().await.map(drop).map_err(AppError) });
        act.dispatch(());
        move || act.awaiting_sign_in.get().to_string()
    });
    page.shows("true").await;
}
