//! A labelled input with hint and error; a password can be shown.

use crate::{
    form::Form,
    lang::{Pick, text, use_lang},
};
use leptos::{html, prelude::*};

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
        Field { name: "username", label: |t| t.sign().username, autocomplete: "username", hint: None, password: false };

    /// The password of an account.
    pub(crate) const PASSWORD: Field =
        Field { name: "password", label: |t| t.sign().password, autocomplete: "current-password", hint: None, password: true };

    /// A password to be set.
    pub(crate) const NEW_PASSWORD: Field = Field {
        name: "new_password",
        label: |t| t.account().new,
        autocomplete: "new-password",
        hint: Some(|t| t.sign().password_hint),
        password: true,
    };
}

/// The content of a field; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Input {
    /// The content, as far as the browser has sent events.
    pub(crate) value: RwSignal<String>,
    pub(crate) element: NodeRef<html::Input>,
}

impl Input {
    pub(crate) fn new() -> Input {
        Input { value: RwSignal::new(String::new()), element: NodeRef::new() }
    }

    /// What the field contains. It is read from the page, because browsers fill in stored passwords without an `input` event.
    pub(crate) fn read(self) -> String {
        if let Some(element) = self.element.get_untracked() {
            self.set(element.value());
        }
        self.value.get_untracked()
    }

    /// Does nothing if the page has been closed.
    pub(crate) fn set(self, value: String) {
        self.value.try_set(value);
    }
}

#[component]
pub(crate) fn TextField(form: Form, field: Field, input: Input) -> impl IntoView {
    let Field { name, label, autocomplete, hint, password } = field;
    let error = form.error(Some(name));
    let invalid = move || error.get().map(|_| "true");
    let visible = RwSignal::new(!password);
    let kind = move || if visible.get() { "text" } else { "password" };
    let (wrong_id, hint_id) = (format!("{name}-wrong"), format!("{name}-hint"));
    let described_by = if hint.is_some() { format!("{wrong_id} {hint_id}") } else { wrong_id.clone() };
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
                    node_ref=input.element
                    bind:value=input.value
                />
                {password.then(|| view! { <Reveal visible name /> })}
            </div>
            <p class="wrong" id=wrong_id role="alert">{error}</p>
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{text(hint)}</p> })}
        </div>
    }
}

/// A button that shows and hides a password.
#[component]
fn Reveal(visible: RwSignal<bool>, name: &'static str) -> impl IntoView {
    let lang = use_lang();
    let pressed = RwSignal::new(false);
    let press = move |_| {
        pressed.set(true);
        visible.update(|visible| *visible = !*visible);
    };
    let label = move || {
        let t = lang.get().sign();
        if visible.get() { t.hide } else { t.show }
    };
    let state = move || {
        let t = lang.get().sign();
        match (pressed.get(), visible.get()) {
            (false, _) => "",
            (true, true) => t.shown,
            (true, false) => t.hidden,
        }
    };
    view! {
        <button type="button" class="plain" aria-controls=name on:click=press>{label}</button>
        <span class="unseen" role="status">{state}</span>
    }
}
