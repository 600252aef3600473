//! Pages for those who are signed in: they wait while nobody knows, and the visitor comes back to where he was going.

use super::Address;
use crate::world::{REFRESH, World, register, until};
use leptos::prelude::*;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::leptos::{Guarded, UseGuardOptions, UseWayBackOptions, use_session, use_way_back_with_options};

/// Where the app was told to go.
type Ways = Rc<RefCell<Vec<String>>>;

fn noted(ways: &Ways) -> impl Fn(&str) + 'static {
    let ways = ways.clone();
    move |to| ways.borrow_mut().push(to.to_owned())
}

fn guarded_page(ways: &Ways) -> impl FnOnce() -> AnyView + 'static {
    let options = UseGuardOptions::default().navigate(noted(ways));
    || {
        view! { <Guarded options fallback=|| "wait">"page of " {move || use_session().user.get().and_then(|user| user.name)}</Guarded> }
            .into_any()
    }
}

#[wasm_bindgen_test]
async fn who_is_signed_in_sees_it_at_once() {
    let world = World::signed_in().await;
    let ways = Ways::default();
    let page = world.mount(guarded_page(&ways));
    assert_eq!(page.now(), format!("page of {}", world.user().unwrap()), "without a flash of anything else");
    world.client.session().refresh().await.unwrap();
    assert!(page.text().await.starts_with("page of"));
    assert!(ways.borrow().is_empty());
}

#[wasm_bindgen_test]
async fn it_waits_while_nobody_knows_and_shows_when_the_session_stands() {
    let world = World::signed_in().await;
    world.let_it_run_out();
    world.page.hold(REFRESH);
    let ways = Ways::default();
    let page = world.mount(guarded_page(&ways));
    assert_eq!(page.now(), "wait");
    until("it asks", || world.page.held(REFRESH) == 1).await;
    assert_eq!(page.text().await, "wait");
    world.page.release(REFRESH);
    until("the page", || page.now().starts_with("page of")).await;
    assert_eq!((world.refreshes(), ways.borrow().len()), (1, 0));
    // From now on it is known: what runs out while the page is shown does not take it away.
    world.let_it_run_out();
    world.page.hold(REFRESH);
    let request = world.begin_get("/bbb");
    until("it is renewed", || world.page.held(REFRESH) == 1).await;
    assert!(page.text().await.starts_with("page of"));
    world.page.release(REFRESH);
    assert_eq!(request.await, Ok(200));
}

#[wasm_bindgen_test]
async fn it_waits_and_never_shows_when_the_session_is_over() {
    let world = World::signed_in().await;
    world.spoil("refresh_token");
    world.let_it_run_out();
    world.page.hold(REFRESH);
    let ways = Ways::default();
    let _address = Address::at("/account?tab=2#keys");
    let page = world.mount(guarded_page(&ways));
    until("it asks", || world.page.held(REFRESH) == 1).await;
    assert_eq!((page.text().await.as_str(), ways.borrow().len()), ("wait", 0));
    world.page.release(REFRESH);
    until("it sends him to sign in", || !ways.borrow().is_empty()).await;
    assert_eq!(*ways.borrow(), ["/sign-in?next=%2Faccount%3Ftab%3D2%23keys"]);
    assert_eq!(page.text().await, "wait");
}

#[wasm_bindgen_test]
async fn a_server_that_cannot_be_asked_refuses_nobody() {
    let nowhere = format!("{}{REFRESH}", crate::world::unreachable());
    let world = World::with(|builder| builder.grant(wugan::Json::new(nowhere)));
    register(&world.client).await;
    world.let_it_run_out();
    let ways = Ways::default();
    let page = world.mount(guarded_page(&ways));
    assert_eq!(page.now(), "wait");
    until("the page", || page.now().starts_with("page of")).await;
    assert!(ways.borrow().is_empty());
}

#[wasm_bindgen_test]
async fn the_visitor_comes_back_to_where_he_was_going() {
    let world = World::new();
    let ways = Ways::default();
    let _address = Address::at("/notes/7?sort=a%26b#end");
    let mut page = world.mount(guarded_page(&ways));
    assert_eq!(page.text().await, "wait");
    let to_sign_in = ways.take().remove(0);
    page.unmount();

    Address::go(&to_sign_in);
    let options = UseWayBackOptions::default().navigate(noted(&ways));
    let page = world.mount(move || use_way_back_with_options(options).to);
    assert_eq!(page.text().await, "/notes/7?sort=a%26b#end");
    assert!(ways.borrow().is_empty(), "nobody is signed in yet");
    register(&world.client).await;
    page.text().await;
    assert_eq!(*ways.borrow(), ["/notes/7?sort=a%26b#end"]);

    Address::go(&ways.take()[0]);
    let page = world.mount(guarded_page(&ways));
    assert!(page.text().await.starts_with("page of"));
    world.client.session().sign_out();
    assert_eq!(page.text().await, "wait");
    assert_eq!(*ways.borrow(), [to_sign_in]);
}

#[wasm_bindgen_test]
async fn the_way_back_leads_nowhere_else() {
    let world = World::new();
    let astray = [
        "https://evil.example/x",
        "//evil.example/x",
        "/\\evil.example",
        "/.//evil.example",
        "\\\\evil.example",
        "javascript:x",
        "/\t/evil.example",
        "http://",
    ];
    let mut address = None;
    for next in astray {
        let query: String = js_sys::encode_uri_component(next).into();
        address = address.or_else(|| Some(Address::at("/sign-in")));
        Address::go(&format!("/sign-in?next={query}"));
        let page = world.mount(|| use_way_back_with_options(UseWayBackOptions::default().home("/home").navigate(|_| {})).to);
        assert_eq!(page.text().await, "/home", "{next:?}");
    }
    Address::go("/sign-in?go=inbox");
    let options = UseWayBackOptions::default().parameter("go").navigate(|_| {});
    assert_eq!(world.mount(|| use_way_back_with_options(options).to).text().await, "/inbox");
}
