//! The content of a page, and what happens when it opens: document title, focus, and an announcement for screen readers.

use crate::lang::{Pick, text};
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

/// The announcement of a navigation, and whether the present page is the first.
#[derive(Clone, Copy)]
struct Navigation {
    announcement: RwSignal<String>,
    first: StoredValue<bool>,
}

pub(crate) fn provide_navigation() {
    provide_context(Navigation { announcement: RwSignal::new(String::new()), first: StoredValue::new(true) });
}

/// A page: everything between header and footer.
#[component]
pub(crate) fn Page(
    /// The document's title.
    title: Pick,
    children: Children,
) -> impl IntoView {
    let title = text(title);
    let navigation: Navigation = expect_context();
    let main = NodeRef::<html::Main>::new();
    Effect::new(move || document().set_title(&format!("{} · Wugan", title())));
    Effect::new(move || {
        let Some(main) = main.get() else { return };
        // The browser announces and focuses the first page itself.
        if !navigation.first.get_value() {
            // Focusing would scroll the header out of view.
            let options = web_sys::FocusOptions::new();
            options.set_prevent_scroll(true);
            let _ = main.focus_with_options(&options);
            navigation.announcement.set(untrack(title).to_owned());
        }
        navigation.first.set_value(false);
    });
    view! {
        <main id="main" class="page" tabindex="-1" node_ref=main>
            {children()}
        </main>
    }
}

/// The heading of a page and a sentence below it.
#[component]
pub(crate) fn PageHead(heading: Pick, below: Pick) -> impl IntoView {
    view! {
        <div class="head">
            <h1>{text(heading)}</h1>
            <p>{text(below)}</p>
        </div>
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

/// Focuses the start of the content if a retry button has the focus: the retry succeeded, and the button is about to be removed.
pub(crate) fn focus_content_from_retry() {
    if document().active_element().is_some_and(|element| element.closest(".retry").is_ok_and(|button| button.is_some())) {
        focus_content();
    }
}

/// Announces a new page to screen readers.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let navigation: Navigation = expect_context();
    view! { <p class="unseen" role="status" data-testid="route">{navigation.announcement}</p> }
}
