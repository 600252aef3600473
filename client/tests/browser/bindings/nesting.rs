//! Case 68: guard, suspense, transition, resource and action in every nesting. The end of a session panics in none of them.
//!
//! A panic in a task shows in two ways: the panic hook is called, and later tasks do not run. Each test checks both.

use super::{ME, Mounted};
use crate::{
    fixture::{Fixture, REFRESH_PATH, sleep_seconds, wait_until},
    page::MockResponse,
    undo::take_panics,
};
use leptos::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Client, Error, SignOutReason, TokenSet,
    leptos::{Guarded, UseGuardOptions, use_session, use_session_action, use_session_resource},
};

/// Mounts a page and ends four sessions, two by a sign-out and two by the server: one each after and while the page loads.
async fn check(page: fn() -> AnyView) {
    let test = Fixture::new();
    take_panics();
    test.page.respond(ME, MockResponse::new(200));
    // The server refuses the access token there, and then the refresh token.
    test.page.respond("/refused", MockResponse::new(401));
    test.page.respond(REFRESH_PATH, MockResponse::new(401));
    let page = test.mount(page);
    for loading in [false, true] {
        sign_in(&test, &page, loading).await;
        test.client.session().sign_out();
        is_hidden(&test, &page).await;
        sign_in(&test, &page, loading).await;
        assert_eq!(test.get("/refused").await, Err(Error::SignedOut(SignOutReason::Rejected)));
        is_hidden(&test, &page).await;
    }
    assert_eq!(take_panics(), Vec::<String>::new());
}

async fn sign_in(test: &Fixture, page: &Mounted, loading: bool) {
    if loading {
        test.page.hold(ME);
    }
    test.client.session().sign_in(TokenSet::new("made-up-access", "made-up-refresh"));
    if loading {
        wait_until("the page loads", || test.page.held(ME) > 0).await;
    } else {
        page.shows("loaded").await;
    }
}

async fn is_hidden(test: &Fixture, page: &Mounted) {
    page.shows("wait").await;
    test.page.release(ME);
    // Until all tasks that were woken have run.
    sleep_seconds(0.05).await;
}

async fn load(client: Client) -> Result<u16, Error> {
    client.get(ME).send().await.map(|response| response.status().as_u16())
}

fn guard(children: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    let options = UseGuardOptions::default().navigate(|_| {});
    view! { <Guarded options fallback=|| "wait">{children()}</Guarded> }.into_any()
}

/// A guard that the app wrote itself.
fn show(children: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    let session = use_session();
    view! { <Show when=move || session.signed_in.get() fallback=|| "wait">{children()}</Show> }.into_any()
}

fn suspense(children: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    view! { <Suspense fallback=|| "">{children()}</Suspense> }.into_any()
}

fn transition(children: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    view! { <Transition fallback=|| "">{children()}</Transition> }.into_any()
}

/// Three closures deep.
fn closures(children: impl Fn() -> AnyView + Send + Sync + Clone + 'static) -> AnyView {
    (move || {
        let children = children.clone();
        move || {
            let children = children.clone();
            move || children()
        }
    })
    .into_any()
}

/// Creates a resource and reads it.
fn resource() -> AnyView {
    let me = use_session_resource(load);
    (move || me.value.get().map(|_| "loaded")).into_any()
}

/// Creates a resource, and reads it inside another view.
fn resource_read_in(wrap: fn(Reader) -> AnyView) -> AnyView {
    let me = use_session_resource(load);
    wrap(Box::new(move || (move || me.value.get().map(|_| "loaded")).into_any()))
}

type Reader = Box<dyn Fn() -> AnyView + Send + Sync>;

fn action() -> AnyView {
    let act = use_session_action(|client, ()| load(client));
    act.dispatch(());
    (move || {
        let _ = (act.pending.get(), act.awaiting_sign_in.get());
        act.value.get().map(|_| "loaded")
    })
    .into_any()
}

/// Reads a memo of the page that depends on the session.
fn own_memo() -> AnyView {
    let session = use_session();
    let (me, id) = (use_session_resource(load), Memo::new(move |_| session.session_id.get()));
    (move || id.get().and(me.value.get()).map(|_| "loaded")).into_any()
}

/// A test's name lists what is nested, from the outside in.
macro_rules! nestings {
    ($($name:ident: $page:expr;)*) => {
        $(#[wasm_bindgen_test]
        async fn $name() {
            check(|| $page).await;
        })*
    };
}

nestings! {
    case_68_guard_resource: guard(resource);
    case_68_guard_action: guard(action);
    case_68_guard_closures_resource: guard(|| closures(resource));
    case_68_guard_closures_action: guard(|| closures(action));
    case_68_guard_suspense_resource: guard(|| suspense(resource));
    case_68_guard_resource_read_in_suspense: guard(|| resource_read_in(suspense));
    case_68_guard_suspense_action: guard(|| suspense(action));
    case_68_guard_transition_resource: guard(|| transition(resource));
    case_68_guard_resource_read_in_transition: guard(|| resource_read_in(transition));
    case_68_guard_transition_action: guard(|| transition(action));
    case_68_guard_suspense_transition_resource: guard(|| suspense(|| transition(resource)));
    case_68_guard_transition_suspense_resource: guard(|| transition(|| suspense(resource)));
    case_68_guard_closures_suspense_resource: guard(|| closures(|| suspense(resource)));
    case_68_guard_guard_suspense_resource: guard(|| guard(|| suspense(resource)));
    case_68_guard_suspense_guard_resource: guard(|| suspense(|| guard(resource)));
    case_68_guard_closures_own_memo: guard(|| closures(own_memo));
    case_68_guard_suspense_own_memo: guard(|| suspense(own_memo));
    case_68_suspense_guard_resource: suspense(|| guard(resource));
    case_68_suspense_guard_action: suspense(|| guard(action));
    case_68_transition_guard_resource: transition(|| guard(resource));
    case_68_transition_guard_suspense_resource: transition(|| guard(|| suspense(resource)));
    case_68_show_closures_resource: show(|| closures(resource));
    case_68_show_suspense_resource: show(|| suspense(resource));
    case_68_show_resource_read_in_suspense: show(|| resource_read_in(suspense));
    case_68_show_resource_read_in_transition: show(|| resource_read_in(transition));
    case_68_show_transition_suspense_resource: show(|| transition(|| suspense(resource)));
    case_68_show_suspense_action: show(|| suspense(action));
    case_68_show_closures_guard_suspense_resource: show(|| closures(|| guard(|| suspense(resource))));
    case_68_show_closures_action: show(|| closures(action));
}
