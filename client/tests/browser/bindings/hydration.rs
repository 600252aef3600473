//! Case 57: a page that was rendered on a server hydrates as signed out and not ready, and then shows the truth.

use super::{Mounted, new_element};
use crate::fixture::Fixture;
use js_sys::{Array, Reflect};
use leptos::{mount::hydrate_from, prelude::*};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Client,
    leptos::{Guarded, UseGuardOptions, provide_session, use_session},
};

/// A page as an app writes it, and what its session's signals are when it is rendered.
fn app(client: Client, navigate: impl Fn(&str) + 'static, seen: Seen) -> impl IntoView {
    let session = provide_session(client);
    seen.borrow_mut().push((session.ready.get_untracked(), session.signed_in.get_untracked()));
    Effect::new(move || seen.borrow_mut().push((session.ready.get(), session.signed_in.get())));
    let options = UseGuardOptions::default().navigate(navigate);
    let name = || use_session().user.get().and_then(|user| user.name);
    view! { <main><Guarded options fallback=|| view! { <p>"Loading…"</p> }><p>"Hello " {name}</p></Guarded></main> }
}

type Seen = Rc<RefCell<Vec<(bool, bool)>>>;

/// What a server renders (see the native test `server_rendering`). Its marker nodes depend on the compiler's `--cfg erase_components`,
/// which has to be the same for server and browser; this project sets it for the browser (.cargo/config.toml).
#[allow(unexpected_cfgs)]
const SERVER_HTML: &str = if cfg!(erase_components) { "<main><p>Loading…<!></p><!></main>" } else { "<main><p>Loading…</p></main>" };

/// Hydrates the server's HTML. The scripts of a server-rendered page define these arrays.
fn hydrate(test: &Fixture, seen: Seen, navigations: Rc<RefCell<Vec<String>>>) -> Mounted {
    for name in ["__RESOLVED_RESOURCES", "__SERIALIZED_ERRORS", "__INCOMPLETE_CHUNKS"] {
        Reflect::set(&window(), &name.into(), &Array::new()).unwrap();
    }
    let (element, client) = (new_element(), test.client.clone());
    element.set_inner_html(SERVER_HTML);
    let handle = hydrate_from(element.clone(), move || app(client, move |address| navigations.borrow_mut().push(address.to_owned()), seen));
    Mounted::new(element, handle)
}

#[wasm_bindgen_test]
async fn case_57_a_signed_in_user_is_shown_after_hydration() {
    let test = Fixture::signed_in().await;
    let (seen, navigations) = (Rc::default(), Rc::default());
    let page = hydrate(&test, Rc::clone(&seen), Rc::clone(&navigations));
    assert_eq!(page.text_now(), "Loading…", "as the server rendered it");
    page.shows(&format!("Hello {}", test.user_name().unwrap())).await;
    assert_eq!((seen.borrow()[0], seen.borrow().last().copied()), ((false, false), Some((true, true))));
    assert_eq!(*navigations.borrow(), Vec::<String>::new());
    test.client.session().sign_out();
    page.shows("Loading…").await;
    crate::fixture::wait_until("the guard navigates", || navigations.borrow().len() == 1).await;
}

#[wasm_bindgen_test]
async fn case_57_a_signed_out_user_is_sent_to_the_sign_in_page_after_hydration() {
    let test = Fixture::new();
    let (seen, navigations) = (Rc::default(), Rc::<RefCell<Vec<String>>>::default());
    let page = hydrate(&test, Rc::clone(&seen), Rc::clone(&navigations));
    assert!(navigations.borrow().is_empty());
    page.text().await;
    crate::fixture::wait_until("the guard navigates", || navigations.borrow().len() == 1).await;
    assert_eq!((seen.borrow()[0], seen.borrow().last().copied()), ((false, false), Some((true, false))));
}

#[wasm_bindgen_test]
async fn case_57_a_sign_in_during_hydration_gives_the_session_one_number() {
    let test = Fixture::new();
    let (signed_in, ids) = (Fixture::signed_in().await, Rc::<RefCell<Vec<Option<u64>>>>::default());
    let (element, client, seen) = (new_element(), test.client.clone(), ids.clone());
    element.set_inner_html("<main></main>");
    let tokens = signed_in.record();
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens[name].as_str().unwrap().to_owned());
    let handle = hydrate_from(element.clone(), move || {
        let session = provide_session(client.clone());
        client.session().sign_in(wugan::TokenSet::new(access, refresh));
        Effect::new(move || seen.borrow_mut().push(session.session_id.get()));
        view! { <main></main> }
    });
    let _page = Mounted::new(element, handle);
    crate::fixture::wait_until("the session has a number", || ids.borrow().last().is_some_and(Option::is_some)).await;
    assert_eq!(test.client.session().refresh().await, Ok(()));
    crate::fixture::sleep_seconds(0.05).await;
    assert_eq!(ids.borrow().iter().flatten().count(), 1, "{ids:?}");
}
