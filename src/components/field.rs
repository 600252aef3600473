//! A labelled field, its hint, and what is wrong with it; for a password also a way to see it.

use super::live::Boxed;
use crate::{
    derived::Derived,
    form::Form,
    lang::{Pick, text, use_lang},
};
use leptos::prelude::*;

/// A field. Its name is the one on the wire, and the id in the page.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: Pick,
    /// What a password manager is told (HTML, "autofill").
    pub(crate) autocomplete: &'static str,
    pub(crate) hint: Option<Pick>,
    pub(crate) password: bool,
}

impl Field {
    /// The name of an account.
    pub(crate) const USERNAME: Field =
        Field { name: "username", label: |t| t.sign.username, autocomplete: "username", hint: None, password: false };

    /// The password that goes with it.
    pub(crate) const PASSWORD: Field =
        Field { name: "password", label: |t| t.sign.password, autocomplete: "current-password", hint: None, password: true };

    pub(crate) fn view(self, form: Form, value: RwSignal<String>) -> AnyView {
        let Field { name, label, autocomplete, hint, password } = self;
        let wrong = form.wrong(Some(name));
        let invalid = Derived::of(move || wrong.get().map(|_| "true"));
        let visible = RwSignal::new(!password);
        let kind = Derived::of(move || if visible.get() { "text" } else { "password" });
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
                        type=kind
                        autocomplete=autocomplete
                        autocapitalize="none"
                        spellcheck="false"
                        aria-describedby=described_by
                        aria-invalid=invalid
                        bind:value=value
                    />
                    {password.then(|| reveal(visible, name))}
                </div>
                <p class="wrong" id=wrong_id role="alert">{wrong}</p>
                {hint}
            </div>
        }
        .boxed()
    }
}

/// Shows a password, and hides it again.
fn reveal(visible: RwSignal<bool>, name: &'static str) -> AnyView {
    let lang = use_lang();
    let pressed = RwSignal::new(false);
    let press = move |_| {
        pressed.set(true);
        visible.update(|visible| *visible = !*visible);
    };
    let pick = move |yes: Pick, no: Pick| Derived::of(move || if visible.get() { yes } else { no }(lang.get().texts()));
    let state = pick(|t| t.sign.shown, |t| t.sign.hidden);
    view! {
        <button type="button" class="plain" aria-controls=name on:click=press>{pick(|t| t.sign.hide, |t| t.sign.show)}</button>
        <span class="unseen" role="status">{Derived::of(move || if pressed.get() { state.get() } else { "" })}</span>
    }
    .boxed()
}
