//! The forms to sign in and to create an account.

use crate::{
    api::use_api,
    components::{field::Field, live::Boxed, strength::strength_meter, submit::submit},
    derived::Derived,
    form::{Form, missing},
    lang::{Pick, text},
    route::{Route, use_router},
};
use leptos::{ev::SubmitEvent, prelude::*};
use wugan_wire::{Credentials, routes};

pub(super) fn sign_in() -> AnyView {
    vec![credentials_form(false), other_form_link(Route::SignUp, |t| t.sign.no_account, |t| t.shell.sign_up)].into_any()
}

pub(super) fn sign_up() -> AnyView {
    vec![credentials_form(true), other_form_link(Route::SignIn, |t| t.sign.have_account, |t| t.shell.sign_in)].into_any()
}

/// A link to the other form, which keeps the page to go to afterwards.
fn other_form_link(other: Route, question: Pick, answer: Pick) -> AnyView {
    let router = use_router();
    // Derived, so that a change does not render the form anew: the input would be lost.
    let other = Derived::new(move || match router.next() {
        Route::Home => other.path().to_owned(),
        next => format!("{}?next={}", other.path(), next.path()),
    });
    view! { <p>{text(question)} " " <a href=other>{text(answer)}</a></p> }.boxed()
}

/// The outlet navigates when the sign-in has succeeded.
fn credentials_form(new: bool) -> AnyView {
    let api = use_api();
    let form = Form::new();
    let (username, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let credentials = Credentials { username: username.get_untracked(), password: password.get_untracked() };
        let empty = missing(&[
            ("username", &credentials.username, |t| t.problem.username_missing),
            ("password", &credentials.password, |t| t.problem.password_missing),
        ]);
        if empty.is_empty() {
            form.send(async move { api.sign_in(if new { routes::REGISTER } else { routes::LOGIN }, &credentials).await });
        } else {
            form.show_errors(empty);
        }
    };
    let fields = if new {
        // The rules are shown before they are broken.
        let name = Field { hint: Some(|t| t.sign.username_hint), ..Field::USERNAME };
        let secret = Field { hint: Some(|t| t.sign.password_hint), autocomplete: "new-password", ..Field::PASSWORD };
        vec![name.view(form, username), secret.view(form, password), strength_meter(password)]
    } else {
        vec![Field::USERNAME.view(form, username), Field::PASSWORD.view(form, password)]
    };
    let (idle, busy): (Pick, Pick) =
        if new { (|t| t.sign.create, |t| t.sign.creating) } else { (|t| t.sign.sign_in, |t| t.sign.signing_in) };
    view! { <form class="form" novalidate on:submit=send>{fields} {submit(form, "primary", idle, busy)}</form> }.boxed()
}
