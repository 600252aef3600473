//! A labelled input with hint and error; a password can be shown.

use super::live::Boxed;
use crate::{
    derived::Derived,
    form::Form,
    lang::{Pick, text, use_lang},
};
use leptos::prelude::*;

/// A field. Its name is also its name in the API and its id in the page.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: Pick,
    /// The `autocomplete` token, for password managers (HTML, "autofill").
    pub(crate) autocomplete: &'static str,
    pub(crate) hint: Option<Pick>,
    pub(crate) password: bool,
}

impl Field {
    /// The username of an account.
    pub(crate) const USERNAME: Field =
        Field { name: "username", label: |t| t.sign.username, autocomplete: "username", hint: None, password: false };

    /// The password of an account.
    pub(crate) const PASSWORD: Field =
        Field { name: "password", label: |t| t.sign.password, autocomplete: "current-password", hint: None, password: true };

    pub(crate) fn view(self, form: Form, value: RwSignal<String>) -> AnyView {
        let Field { name, label, autocomplete, hint, password } = self;
        let error = form.error(Some(name));
        let invalid = Derived::new(move || error.get().map(|_| "true"));
        let visible = RwSignal::new(!password);
        let kind = Derived::new(move || if visible.get() { "text" } else { "password" });
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
                <p class="wrong" id=wrong_id role="alert">{error}</p>
                {hint}
            </div>
        }
        .boxed()
    }
}

/// A button that shows and hides a password.
fn reveal(visible: RwSignal<bool>, name: &'static str) -> AnyView {
    let lang = use_lang();
    let pressed = RwSignal::new(false);
    let press = move |_| {
        pressed.set(true);
        visible.update(|visible| *visible = !*visible);
    };
    let pick = move |yes: Pick, no: Pick| Derived::new(move || if visible.get() { yes } else { no }(lang.get().texts()));
    let state = pick(|t| t.sign.shown, |t| t.sign.hidden);
    view! {
        <button type="button" class="plain" aria-controls=name on:click=press>{pick(|t| t.sign.hide, |t| t.sign.show)}</button>
        <span class="unseen" role="status">{Derived::new(move || if pressed.get() { state.get() } else { "" })}</span>
    }
    .boxed()
}
