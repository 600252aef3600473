//! Guarded pages: they wait while the session is checked, and return to the page that was asked for.

use super::{PageAddress, unmount_all};
use crate::fixture::{Fixture, REFRESH_PATH, register, sleep_seconds, unreachable_url, wait_until};
use leptos::prelude::*;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    grant::Json,
    leptos::{Guarded, UseGuardOptions, UseReturnToOptions, use_return_to_with_options, use_session},
};

/// The addresses to which the app navigated.
type Navigations = Rc<RefCell<Vec<String>>>;

fn recorded(navigations: &Navigations) -> impl Fn(&str) + 'static {
    let navigations = navigations.clone();
    move |address| navigations.borrow_mut().push(address.to_owned())
}

fn guarded_page(navigations: &Navigations) -> impl FnOnce() -> AnyView + 'static {
    let options = UseGuardOptions::default().navigate(recorded(navigations));
    || {
        let name = || use_session().user.get().and_then(|user| user.name);
        view! { <Guarded options fallback=|| "wait">"page of " {name}</Guarded> }.into_any()
    }
}

#[wasm_bindgen_test]
async fn a_signed_in_user_sees_the_page_at_once() {
    let test = Fixture::signed_in().await;
    let navigations = Navigations::default();
    let page = test.mount(guarded_page(&navigations));
    assert_eq!(page.text_now(), format!("page of {}", test.user_name().unwrap()), "without a flash of the fallback");
    test.client.session().refresh().await.unwrap();
    assert!(page.text().await.starts_with("page of"));
    assert!(navigations.borrow().is_empty());
}

#[wasm_bindgen_test]
async fn the_page_waits_for_the_check_and_is_shown_when_the_session_exists() {
    let test = Fixture::signed_in().await;
    test.expire_access_token();
    test.page.hold(REFRESH_PATH);
    let navigations = Navigations::default();
    let page = test.mount(guarded_page(&navigations));
    assert_eq!(page.text_now(), "wait");
    wait_until("the session is checked", || test.page.held(REFRESH_PATH) == 1).await;
    assert_eq!(page.text().await, "wait");
    test.page.release(REFRESH_PATH);
    wait_until("the page is shown", || page.text_now().starts_with("page of")).await;
    assert_eq!((test.refresh_requests(), navigations.borrow().len()), (1, 0));
    // The session is ready now. A token that expires while the page is shown does not hide the page.
    test.expire_access_token();
    test.page.hold(REFRESH_PATH);
    let request = test.spawn_get("/bbb");
    wait_until("the token is renewed", || test.page.held(REFRESH_PATH) == 1).await;
    assert!(page.text().await.starts_with("page of"));
    test.page.release(REFRESH_PATH);
    assert_eq!(request.await, Ok(200));
}

#[wasm_bindgen_test]
async fn the_page_is_never_shown_when_the_check_ends_the_session() {
    let test = Fixture::signed_in().await;
    test.corrupt("refresh_token");
    test.expire_access_token();
    test.page.hold(REFRESH_PATH);
    let navigations = Navigations::default();
    let _address = PageAddress::set("/account?tab=2#keys");
    let page = test.mount(guarded_page(&navigations));
    wait_until("the session is checked", || test.page.held(REFRESH_PATH) == 1).await;
    assert_eq!((page.text().await.as_str(), navigations.borrow().len()), ("wait", 0));
    test.page.release(REFRESH_PATH);
    wait_until("the guard navigates", || !navigations.borrow().is_empty()).await;
    assert_eq!(*navigations.borrow(), ["/sign-in?next=%2Faccount%3Ftab%3D2%23keys"]);
    assert_eq!(page.text().await, "wait");
}

#[wasm_bindgen_test]
async fn case_18_the_page_is_shown_when_the_check_does_not_reach_the_server() {
    let refresh_url = format!("{}{REFRESH_PATH}", unreachable_url());
    let test = Fixture::with(|builder| builder.grant(Json::new(refresh_url)));
    register(&test.client).await;
    test.expire_access_token();
    let navigations = Navigations::default();
    let page = test.mount(guarded_page(&navigations));
    assert_eq!(page.text_now(), "wait");
    wait_until("the page is shown", || page.text_now().starts_with("page of")).await;
    assert!(navigations.borrow().is_empty());
}

#[wasm_bindgen_test]
async fn another_users_session_renders_a_new_page() {
    let (test, other) = (Fixture::signed_in().await, Fixture::signed_in().await);
    let rendered = Rc::new(RefCell::new(0));
    let count = StoredValue::new_local(rendered.clone());
    let page = test.mount(move || {
        let page = move || {
            count.with_value(|count| *count.borrow_mut() += 1);
            use_session().user.get_untracked().and_then(|user| user.name)
        };
        view! { <Guarded options=UseGuardOptions::default().navigate(|_| {})>{page()}</Guarded> }
    });
    assert_eq!(page.text().await, test.user_name().unwrap());
    test.client.session().refresh().await.unwrap();
    page.text().await;
    assert_eq!(*rendered.borrow(), 1, "a refresh renders nothing");
    test.store_text(&other.stored_text().unwrap());
    test.state();
    page.shows(&other.user_name().unwrap()).await;
}

/// Waits for a navigation, and returns its address.
async fn next_navigation(navigations: &Navigations) -> String {
    wait_until("the app navigates", || !navigations.borrow().is_empty()).await;
    navigations.borrow_mut().remove(0)
}

#[wasm_bindgen_test]
async fn the_user_returns_to_the_page_that_was_asked_for() {
    let test = Fixture::new();
    let navigations = Navigations::default();
    let _address = PageAddress::set("/notes/7?sort=a%26b#end");
    let mut page = test.mount(guarded_page(&navigations));
    assert_eq!(page.text().await, "wait");
    let sign_in_address = next_navigation(&navigations).await;
    page.unmount();

    PageAddress::replace(&sign_in_address);
    let options = UseReturnToOptions::default().navigate(recorded(&navigations));
    let page = test.mount(move || use_return_to_with_options(options).to);
    page.shows("/notes/7?sort=a%26b#end").await;
    assert!(navigations.borrow().is_empty(), "no user is signed in yet");
    register(&test.client).await;
    let asked_for = next_navigation(&navigations).await;
    assert_eq!(asked_for, "/notes/7?sort=a%26b#end");

    PageAddress::replace(&asked_for);
    let page = test.mount(guarded_page(&navigations));
    assert!(page.text().await.starts_with("page of"));
    test.client.session().sign_out();
    assert_eq!(page.text().await, "wait");
    assert_eq!(next_navigation(&navigations).await, sign_in_address);
}

/// leptos_router sets the address after it has rendered the page.
#[wasm_bindgen_test]
async fn the_page_that_was_asked_for_is_that_of_an_address_set_after_the_rendering() {
    let test = Fixture::new();
    let navigations = Navigations::default();
    let _address = PageAddress::set("/before");
    let mut page = test.mount(guarded_page(&navigations));
    page.text().await;
    PageAddress::replace("/notes");
    assert_eq!(next_navigation(&navigations).await, "/sign-in?next=%2Fnotes");
    page.unmount();

    PageAddress::replace("/before");
    register(&test.client).await;
    let options = UseReturnToOptions::default().navigate(recorded(&navigations));
    let page = test.mount(move || use_return_to_with_options(options).to);
    page.text().await;
    PageAddress::replace("/sign-in?next=%2Fnotes");
    page.shows("/notes").await;
    assert_eq!(next_navigation(&navigations).await, "/notes");
    assert!(navigations.borrow().is_empty());
}

/// The browser shows the page, from its back/forward cache or not.
fn show_page(is_from_cache: bool) {
    let dispatch = js_sys::Function::new_with_args("persisted", "dispatchEvent(new PageTransitionEvent('pageshow', { persisted }))");
    dispatch.call1(&JsValue::NULL, &is_from_cache.into()).unwrap();
}

#[wasm_bindgen_test]
async fn a_guarded_page_from_the_back_forward_cache_asks_for_a_sign_in_again() {
    unmount_all();
    let test = Fixture::new();
    let navigations = Navigations::default();
    let _page = test.mount(guarded_page(&navigations));
    next_navigation(&navigations).await;
    show_page(false);
    sleep_seconds(0.1).await;
    assert!(navigations.borrow().is_empty());
    show_page(true);
    next_navigation(&navigations).await;
    // Another tab has signed a user in meanwhile.
    register(&test.second_client()).await;
    show_page(true);
    sleep_seconds(0.1).await;
    assert!(navigations.borrow().is_empty());
}

#[wasm_bindgen_test]
async fn a_guard_that_is_removed_before_the_address_is_set_does_not_navigate() {
    let test = Fixture::new();
    let navigations = Navigations::default();
    let mut page = test.mount(guarded_page(&navigations));
    page.text().await;
    page.unmount();
    sleep_seconds(0.1).await;
    assert!(navigations.borrow().is_empty());
}

#[wasm_bindgen_test]
async fn the_user_is_not_sent_to_another_site() {
    let test = Fixture::new();
    let foreign = [
        "https://evil.example/x",
        "//evil.example/x",
        "/\\evil.example",
        "/.//evil.example",
        "\\\\evil.example",
        "javascript:x",
        "/\t/evil.example",
        "http://",
    ];
    let _address = PageAddress::set("/sign-in");
    for next in foreign {
        let query: String = js_sys::encode_uri_component(next).into();
        PageAddress::replace(&format!("/sign-in?next={query}"));
        let page = test.mount(|| use_return_to_with_options(UseReturnToOptions::default().home("/home").navigate(|_| {})).to);
        sleep_seconds(0.05).await;
        assert_eq!(page.text().await, "/home", "{next:?}");
    }
    PageAddress::replace("/sign-in?go=inbox");
    let options = UseReturnToOptions::default().parameter("go").navigate(|_| {});
    test.mount(|| use_return_to_with_options(options).to).shows("/inbox").await;
}
