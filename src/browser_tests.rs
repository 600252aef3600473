//! The app in a real browser, without a server: routes, language, theme, forms, and what is stored.

#![allow(clippy::unwrap_used, clippy::panic)]

use crate::app::App;
use gloo_timers::future::TimeoutFuture;
use leptos::{mount::mount_to, prelude::*};
use std::any::Any;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, HtmlElement};

wasm_bindgen_test_configure!(run_in_browser);

/// The app in the test's page, at one of its addresses; removed when dropped.
struct Page {
    root: HtmlElement,
    _view: Box<dyn Any>,
}

impl Page {
    fn open(path: &str) -> Page {
        let _ = window().local_storage().unwrap().unwrap().clear();
        window().history().unwrap().replace_state_with_url(&"".into(), "", Some(path)).unwrap();
        let root: HtmlElement = document().create_element("div").unwrap().dyn_into().unwrap();
        document().body().unwrap().append_child(&root).unwrap();
        let view = mount_to(root.clone(), App);
        Page { root, _view: Box::new(view) }
    }

    /// Waits until an element with this selector has this text in it.
    async fn shows(&self, selector: &str, text: &str) -> Element {
        for _ in 0..200 {
            if let Some(found) = self.all(selector).into_iter().find(|element| element.text_content().unwrap_or_default().contains(text)) {
                return found;
            }
            TimeoutFuture::new(10).await;
        }
        panic!("no {selector} with {text:?} in:\n{}", self.root.inner_text());
    }

    fn all(&self, selector: &str) -> Vec<Element> {
        let found = self.root.get_elements_by_tag_name("*");
        (0..found.length()).filter_map(|at| found.item(at)).filter(|element| element.matches(selector).unwrap()).collect()
    }

    async fn press(&self, selector: &str, text: &str) {
        self.shows(selector, text).await.dyn_into::<HtmlElement>().unwrap().click();
        TimeoutFuture::new(0).await;
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.root.remove();
        let root = document().document_element().unwrap();
        let _ = root.remove_attribute("data-theme");
        let _ = window().local_storage().unwrap().unwrap().clear();
        let _ = window().history().unwrap().replace_state_with_url(&"".into(), "", Some("/"));
    }
}

fn path() -> String {
    window().location().pathname().unwrap()
}

fn stored(key: &str) -> Option<String> {
    window().local_storage().unwrap().unwrap().get_item(key).unwrap()
}

#[wasm_bindgen_test]
async fn links_and_the_history_change_the_page_without_loading_a_document() {
    let page = Page::open("/");
    page.shows("h1", "Sign in once").await;
    page.press("header a", "Sign in").await;
    page.shows("h1", "Sign in").await;
    page.shows("label", "Username").await;
    assert_eq!(path(), "/sign-in");
    window().history().unwrap().back().unwrap();
    page.shows("h1", "Sign in once").await;
    assert_eq!(path(), "/");
}

#[wasm_bindgen_test]
async fn an_unknown_address_shows_the_missing_page() {
    let page = Page::open("/no-such-page");
    page.shows("h1", "Page not found").await;
}

#[wasm_bindgen_test]
async fn a_page_for_members_sends_a_visitor_to_the_sign_in_page() {
    let page = Page::open("/account");
    page.shows("label", "Username").await;
    assert_eq!(path(), "/sign-in");
    assert_eq!(window().location().search().unwrap(), "?next=%2Faccount");
}

#[wasm_bindgen_test]
async fn the_language_changes_in_place_and_is_stored() {
    let page = Page::open("/sign-in");
    page.shows("label", "Username").await;
    page.press("button", "中文").await;
    page.shows("label", "用户名").await;
    assert_eq!(stored("wugan.lang").as_deref(), Some("zh"));
    assert_eq!(document().document_element().unwrap().get_attribute("lang").as_deref(), Some("zh"));
    page.press("button", "English").await;
    page.shows("label", "Username").await;
}

#[wasm_bindgen_test]
async fn the_theme_goes_from_the_systems_to_light_to_dark_and_back() {
    let page = Page::open("/");
    let root = document().document_element().unwrap();
    for theme in [Some("light"), Some("dark"), None] {
        page.shows("h1", "Sign in once").await;
        let button = page.all("button[aria-label^='Theme']").remove(0);
        button.dyn_into::<HtmlElement>().unwrap().click();
        TimeoutFuture::new(0).await;
        assert_eq!((root.get_attribute("data-theme").as_deref(), stored("wugan.theme").as_deref()), (theme, theme));
    }
}

#[wasm_bindgen_test]
async fn an_empty_form_names_its_fields_and_focuses_the_first() {
    let page = Page::open("/sign-in");
    page.shows("label", "Username").await;
    page.press("button[type=submit]", "Sign in").await;
    page.shows("[role=alert], .bad, p", "Enter a").await;
    let invalid = page.all("input[aria-invalid=true]");
    assert_eq!(invalid.len(), 2);
    assert_eq!(document().active_element(), Some(invalid[0].clone()));
}

#[wasm_bindgen_test]
async fn an_invalid_number_of_requests_is_refused_at_its_field() {
    let page = Page::open("/inspector");
    page.shows("button", "Run the demonstration").await;
    let count: web_sys::HtmlInputElement = page.shows("label", "Requests").await.next_element_sibling().unwrap().dyn_into().unwrap();
    count.set_value("1001");
    count.dispatch_event(&web_sys::Event::new("input").unwrap()).unwrap();
    page.press("button", "Send").await;
    page.shows("p, span", "1 to 1000").await;
}

#[wasm_bindgen_test]
async fn a_visit_without_a_session_stores_nothing() {
    let page = Page::open("/");
    page.shows("h1", "Sign in once").await;
    assert_eq!(window().local_storage().unwrap().unwrap().length().unwrap(), 0);
}
