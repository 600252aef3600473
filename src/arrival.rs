//! Arriving at a page: its title, the focus, and a word to those who do not see it. The router does none of these.

use crate::{
    components::live::follow,
    lang::{Pick, text},
};
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

/// What a screen reader is told after a navigation, and whether there was one yet.
#[derive(Clone, Copy)]
struct Arrival {
    announcement: RwSignal<String>,
    first: StoredValue<bool>,
}

pub(crate) fn provide_arrival() {
    provide_context(Arrival { announcement: RwSignal::new(String::new()), first: StoredValue::new(true) });
}

/// A page: everything between the top and the foot.
#[component]
pub(crate) fn Page(
    /// The title of the document.
    title: Pick,
    children: Children,
) -> impl IntoView {
    let title = text(title);
    let arrival: Arrival = expect_context();
    let main = NodeRef::<html::Main>::new();
    follow(move || document().set_title(&format!("{} · Wugan", title.get())));
    follow(move || {
        let Some(main) = main.get() else { return };
        // The browser itself has announced the first page, and put the focus where it belongs.
        if !arrival.first.get_value() {
            // Not down to where it begins: the page's top belongs to what is seen of it.
            let options = web_sys::FocusOptions::new();
            options.set_prevent_scroll(true);
            let _ = main.focus_with_options(&options);
            arrival.announcement.set(title.get_untracked().to_owned());
        }
        arrival.first.set_value(false);
    });
    view! {
        <main id="main" class="page" tabindex="-1" node_ref=main>
            {children()}
        </main>
    }
}

/// Puts the focus on what has this id, if it is there.
pub(crate) fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Puts the focus where the content begins: for when the button that had it is about to go.
pub(crate) fn focus_content() {
    focus("main");
}

/// The same, if a button has it that asks for something again: what was asked for is here, and the button is about to go.
pub(crate) fn focus_content_from_again() {
    if document().active_element().is_some_and(|element| element.closest(".again").is_ok_and(|button| button.is_some())) {
        focus_content();
    }
}

/// Where screen readers hear of the new page.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let arrival: Arrival = expect_context();
    view! { <p class="unseen" role="status" data-testid="route">{arrival.announcement}</p> }
}
