//! What is loaded and done in a session: begun anew with the next one, ended with its own, and never somebody else's.

use crate::world::{PASSWORD, World, register, until};
use leptos::prelude::*;
use serde_json::{Value, json};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Client, Error, Request, SignIn,
    leptos::{UseSessionActionReturn, UseSessionResourceReturn, use_session, use_session_action, use_session_resource},
};

const ME: &str = "/user/me";

async fn my_name(client: Client) -> Option<String> {
    let me: Value = client.get(ME).await.ok()?.json().await.ok()?;
    Some(me["username"].as_str()?.to_owned())
}

/// Who I am, and who the server says that I am.
fn me() -> AnyView {
    let (session, name) = (use_session(), use_session_resource(my_name));
    let who = move || session.user.get().and_then(|user| user.name).unwrap_or_default();
    view! { {who} "=" {move || name.value.get().flatten()} }.into_any()
}

#[wasm_bindgen_test]
async fn a_resource_is_loaded_for_each_session_and_belongs_to_it() {
    let world = World::new();
    let page = world.mount(me);
    assert_eq!(page.text().await, "=");
    assert_eq!(world.page.sent(ME).len(), 0, "there is nobody to load it for");
    let a = register(&world.client).await;
    page.shows(&format!("{a}={a}")).await;
    world.client.session().refresh().await.unwrap();
    page.text().await;
    assert_eq!(world.page.sent(ME).len(), 1, "a refresh is no reason to load");
    world.client.session().sign_out();
    assert_eq!(page.text().await, "=");
    world.page.hold(ME);
    let b = register(&world.client).await;
    until("B's is on its way", || world.page.held(ME) == 1).await;
    assert_eq!(page.text().await, format!("{b}="), "and nothing of A's is left");
    world.page.release(ME);
    page.shows(&format!("{b}={b}")).await;
    assert_eq!(world.page.sent(ME).len(), 2);
}

#[wasm_bindgen_test]
async fn a_sign_out_ends_the_loading_and_the_next_session_need_not_wait_for_it() {
    let world = World::signed_in().await;
    world.page.hold(ME);
    let page = world.mount(me);
    until("A's is on its way", || world.page.held(ME) == 1).await;
    world.client.session().sign_out();
    until("its request was aborted", || world.page.sent(ME)[0].aborted).await;
    // The answer to A is still held back.
    let b = register(&world.client).await;
    until("B's is on its way", || world.page.sent(ME).len() == 2).await;
    world.page.release(ME);
    page.shows(&format!("{b}={b}")).await;
}

#[wasm_bindgen_test]
async fn a_page_that_is_left_ends_its_loading() {
    let world = World::signed_in().await;
    world.page.hold(ME);
    let mut page = world.mount(me);
    until("it is on its way", || world.page.held(ME) == 1).await;
    page.unmount();
    until("its request was aborted", || world.page.sent(ME)[0].aborted).await;
}

#[wasm_bindgen_test]
async fn a_resource_is_loaded_again_when_what_it_reads_changes_and_when_asked() {
    let world = World::signed_in().await;
    world.page.hold(ME);
    let (which, shared) = (RwSignal::new(1), Rc::<Cell<Option<UseSessionResourceReturn<i32>>>>::default());
    let out = shared.clone();
    let page = world.mount(move || {
        let tenfold = use_session_resource(move |client| {
            let which = which.get();
            async move {
                let _ = client.get(ME).await;
                which * 10
            }
        });
        out.set(Some(tenfold));
        view! { <Suspense fallback=|| "wait">{move || tenfold.value.get()}</Suspense> }
    });
    until("it is on its way", || world.page.held(ME) == 1).await;
    page.shows("wait").await;
    world.page.release(ME);
    page.shows("10").await;
    which.set(2);
    page.shows("20").await;
    shared.get().unwrap().refetch();
    until("it is loaded once more", || world.page.answered(ME, 200) == 3).await;
    page.shows("20").await;
}

/// Text is not what this route takes: that it says so shows that the request passed its guard.
const ROUTE: &str = "/user/password";

type Save = UseSessionActionReturn<&'static str, u16, Error>;

/// An action out of the page that it is in.
fn saving(world: &World) -> (super::Mounted, Save) {
    let shared: Rc<Cell<Option<Save>>> = Rc::default();
    let out = shared.clone();
    let page = world.mount(move || {
        let save = use_session_action(|client: Client, path: &'static str| async move {
            client.send(Request::post(path).text("note")).await.map(|answer| answer.status())
        });
        out.set(Some(save));
        move || format!("{:?} {} {}", save.value.get(), save.pending.get(), save.postponed.get())
    });
    let save = shared.get().unwrap();
    (page, save)
}

const DONE: &str = "Some(Ok(415)) false false";
const NOTHING: &str = "None false false";
const POSTPONED: &str = "None false true";

#[wasm_bindgen_test]
async fn an_action_is_done_at_once_by_who_is_signed_in() {
    let world = World::signed_in().await;
    let (page, save) = saving(&world);
    assert_eq!(page.text().await, NOTHING);
    save.dispatch(ROUTE);
    page.shows(DONE).await;
    assert_eq!(world.page.sent(ROUTE).len(), 1);
}

#[wasm_bindgen_test]
async fn an_action_of_nobody_waits_for_the_sign_in() {
    let world = World::new();
    let (page, save) = saving(&world);
    save.dispatch(ROUTE);
    assert_eq!(page.text().await, POSTPONED);
    register(&world.client).await;
    page.shows(DONE).await;
    assert_eq!(world.page.sent(ROUTE).len(), 1);
}

/// The session of A turns out to be over; what A was doing waits for him. His name.
async fn a_is_thrown_out(world: &World, page: &super::Mounted, save: Save) -> String {
    let name = world.user().unwrap();
    world.spoil("access_token");
    world.spoil("refresh_token");
    save.dispatch(ROUTE);
    page.shows("Some(Err(SignedOut(Rejected))) false true").await;
    name
}

#[wasm_bindgen_test]
async fn what_the_end_of_the_session_refused_is_done_when_the_same_one_is_back() {
    let world = World::signed_in().await;
    let (page, save) = saving(&world);
    let username = a_is_thrown_out(&world, &page, save).await;
    let again = Request::post("/user/login").json(&json!({ "username": username, "password": PASSWORD }));
    assert!(matches!(world.client.sign_in(again).await, Ok(SignIn::Done)));
    page.shows(DONE).await;
    assert_eq!(world.page.sent(ROUTE).len(), 2, "once refused, once done");
}

#[wasm_bindgen_test]
async fn case_16_what_a_was_doing_is_not_done_as_b() {
    let world = World::signed_in().await;
    let (page, save) = saving(&world);
    a_is_thrown_out(&world, &page, save).await;
    register(&world.client).await;
    until("it is forgotten", || page.now().ends_with("false false")).await;
    assert_eq!(world.get("/bbb").await, Ok(200));
    assert_eq!(world.page.sent(ROUTE).len(), 1);
}

#[wasm_bindgen_test]
async fn a_sign_out_ends_and_forgets_what_is_under_way() {
    let world = World::signed_in().await;
    let (page, save) = saving(&world);
    world.page.hold(ROUTE);
    save.dispatch(ROUTE);
    until("it is under way", || world.page.held(ROUTE) == 1).await;
    assert_eq!(page.text().await, "None true false");
    world.client.session().sign_out();
    until("it was aborted", || world.page.sent(ROUTE)[0].aborted).await;
    assert_eq!(page.text().await, NOTHING);
    world.page.release(ROUTE);
    register(&world.client).await;
    assert_eq!(world.get("/bbb").await, Ok(200));
    assert_eq!((page.text().await.as_str(), world.page.sent(ROUTE).len()), (NOTHING, 1));
}

/// An error of the app's own, as apps have it.
#[derive(Clone, Debug)]
struct Problem(Error);

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("that did not work")
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[wasm_bindgen_test]
async fn the_end_of_the_session_is_recognised_in_an_error_of_the_apps_own() {
    let world = World::with_a_dead_access_token().await;
    world.spoil("refresh_token");
    let postponed = Rc::new(RefCell::new(None));
    let out = postponed.clone();
    let page = world.mount(move || {
        let act = use_session_action(|client: Client, ()| async move { client.get("/bbb").await.map(drop).map_err(Problem) });
        act.dispatch(());
        out.replace(Some(act.postponed));
    });
    page.text().await;
    until("it waits", || postponed.borrow().is_some_and(|postponed| postponed.get_untracked())).await;
}
