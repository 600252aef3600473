//! What happens when a page opens: document title, focus, and an announcement for screen readers.

use crate::{
    components::live::effect,
    lang::{Pick, text},
};
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

/// The announcement of a navigation, and whether the present page is the first.
#[derive(Clone, Copy)]
struct Arrival {
    announcement: RwSignal<String>,
    first: StoredValue<bool>,
}

pub(crate) fn provide_arrival() {
    provide_context(Arrival { announcement: RwSignal::new(String::new()), first: StoredValue::new(true) });
}

/// A page: everything between header and footer.
#[component]
pub(crate) fn Page(
    /// The document's title.
    title: Pick,
    children: Children,
) -> impl IntoView {
    let title = text(title);
    let arrival: Arrival = expect_context();
    let main = NodeRef::<html::Main>::new();
    effect(move || document().set_title(&format!("{} · Wugan", title.get())));
    effect(move || {
        let Some(main) = main.get() else { return };
        // The browser announces and focuses the first page itself.
        if !arrival.first.get_value() {
            // Focusing would scroll the header out of view.
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

/// Focuses the element with this id, if there is one.
pub(crate) fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Focuses the start of the content, before the focused button is removed.
pub(crate) fn focus_content() {
    focus("main");
}

/// Does the same if a retry button has the focus: the retry succeeded, and the button is about to be removed.
pub(crate) fn focus_content_from_again() {
    if document().active_element().is_some_and(|element| element.closest(".again").is_ok_and(|button| button.is_some())) {
        focus_content();
    }
}

/// Announces a new page to screen readers.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let arrival: Arrival = expect_context();
    view! { <p class="unseen" role="status" data-testid="route">{arrival.announcement}</p> }
}
