//! A notice, announced to screen readers when it appears.

use crate::{lang::use_lang, problem::Message};
use leptos::prelude::*;

/// The class and text of a notice.
pub(crate) type Content = (&'static str, Message);

#[component]
pub(crate) fn Notice(content: impl Fn() -> Option<Content> + Send + 'static) -> impl IntoView {
    let lang = use_lang();
    let shown = move || content().map(|(class, message)| view! { <p class=class>{message.text(lang.get())}</p> });
    view! { <div role="status">{shown}</div> }
}
