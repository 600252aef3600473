//! A retry button, which shows while the retry runs.

use crate::lang::use_lang;
use leptos::prelude::*;

/// Code that removes this button calls `focus_content_from_retry`, so that the focus is not lost.
#[component]
pub(crate) fn RetryButton(
    /// Whether the retry runs.
    pending: impl Fn() -> bool + Send + 'static,
    on_press: impl Fn() + 'static,
) -> impl IntoView {
    let lang = use_lang();
    let label = move || {
        let t = lang.get().shell();
        if pending() { t.trying } else { t.try_again }
    };
    view! {
        <div class="buttons">
            <button type="button" class="small retry" on:click=move |_| on_press()>{label}</button>
        </div>
    }
}
