//! The form to sign in or to create an account.

use crate::{
    api::use_api,
    components::{
        field::{Field, Input, TextField},
        strength::StrengthMeter,
        submit::Submit,
    },
    form::Form,
    lang::{Pick, text},
    route::{Route, use_router},
};
use leptos::{ev::SubmitEvent, prelude::*};
use wugan_wire::{Credentials, routes};

/// A link to the other form, which keeps the page to go to afterwards.
#[component]
pub(super) fn OtherForm(route: Route, question: Pick, link: Pick) -> impl IntoView {
    let address = format!("{}{}", route.path(), use_router().query());
    view! { <p>{text(question)} " " <a href=address>{text(link)}</a></p> }
}

/// The page navigates when the sign-in has succeeded.
#[component]
pub(super) fn CredentialsForm(is_new: bool) -> impl IntoView {
    let api = use_api();
    let send = Action::new_local(move |credentials: &Credentials| {
        let credentials = credentials.clone();
        async move { api.sign_in(if is_new { routes::REGISTER } else { routes::LOGIN }, &credentials).await }
    });
    let form = Form::new(send.pending());
    let (username, password) = (Input::new(), Input::new());
    Effect::new(move || {
        if let Some(result) = send.value().get() {
            form.show_result(&result);
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let name = username.read().trim().to_owned();
        username.set(name.clone());
        let credentials = Credentials { username: name, password: password.read() };
        let required: [(_, &str, Pick); 2] = [
            ("username", &credentials.username, |t| t.problem().username_missing),
            ("password", &credentials.password, |t| t.problem().password_missing),
        ];
        if form.validate(&required) {
            send.dispatch_local(credentials);
        }
    };
    // The rules are shown before they are broken.
    let (name_field, password_field) = if is_new {
        let hint: Option<Pick> = Some(|t| t.sign().username_hint);
        (Field { hint, ..Field::USERNAME }, Field { name: "password", label: |t| t.sign().password, ..Field::NEW_PASSWORD })
    } else {
        (Field::USERNAME, Field::PASSWORD)
    };
    let (label, pending_label): (Pick, Pick) =
        if is_new { (|t| t.sign().create, |t| t.sign().creating) } else { (|t| t.sign().sign_in, |t| t.sign().signing_in) };
    view! {
        <form class="form" novalidate on:submit=submit>
            <TextField form field=name_field input=username />
            <TextField form field=password_field input=password />
            {is_new.then(|| view! { <StrengthMeter password=password.value /> })}
            <Submit form label pending_label />
        </form>
    }
}
