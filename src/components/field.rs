//! A labelled field, its hint, and what is wrong with it; for a password also a way to see it.

use crate::{
    form::Form,
    lang::{Pick, text},
};
use leptos::prelude::*;

#[component]
pub(crate) fn Field(
    form: Form,
    /// The name on the wire, and the id in the page.
    name: &'static str,
    label: Pick,
    value: RwSignal<String>,
    /// What a password manager is told (HTML, "autofill").
    autocomplete: &'static str,
    #[prop(optional)] hint: Option<Pick>,
    #[prop(optional)] password: bool,
) -> impl IntoView {
    let wrong = form.wrong(Some(name));
    let visible = RwSignal::new(false);
    let (wrong_id, hint_id) = (format!("{name}-wrong"), format!("{name}-hint"));
    let described_by = if hint.is_some() { format!("{wrong_id} {hint_id}") } else { wrong_id.clone() };
    let hint = hint.map(|hint| view! { <p class="hint" id=hint_id>{text(hint)}</p> });
    view! {
        <div class="field">
            <label for=name>{text(label)}</label>
            <div class:with-end=password>
                <input
                    id=name
                    name=name
                    type=move || if password && !visible.get() { "password" } else { "text" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby=described_by
                    aria-invalid=move || wrong.get().map(|_| "true")
                    bind:value=value
                />
                {password.then(|| view! { <Reveal visible name /> })}
            </div>
            <p class="wrong" id=wrong_id>{wrong}</p>
            {hint}
        </div>
    }
    .into_any()
}

/// Shows a password, and hides it again.
#[component]
fn Reveal(visible: RwSignal<bool>, name: &'static str) -> impl IntoView {
    let (show, hide) = (text(|t| t.sign.show), text(|t| t.sign.hide));
    let (shown, hidden) = (text(|t| t.sign.shown), text(|t| t.sign.hidden));
    let said = RwSignal::new(false);
    let press = move |_| {
        said.set(true);
        visible.update(|visible| *visible = !*visible);
    };
    view! {
        <button type="button" class="plain" aria-controls=name on:click=press>
            {move || if visible.get() { hide.get() } else { show.get() }}
        </button>
        <span class="unseen" role="status">
            {move || said.get().then(|| if visible.get() { shown.get() } else { hidden.get() })}
        </span>
    }
}
