//! Name and password: of somebody who comes back, or of somebody new.

use crate::{
    api::use_api,
    components::{field::Field, live::Boxed, strength::strength_meter, submit::submit},
    derived::Derived,
    form::{Form, missing},
    lang::{Pick, text},
    route::{Route, use_way},
};
use leptos::{ev::SubmitEvent, prelude::*};
use wugan_wire::{Credentials, routes};

pub(super) fn sign_in() -> AnyView {
    vec![credentials_form(false), sister(Route::SignUp, |t| t.sign.no_account, |t| t.shell.sign_up)].into_any()
}

pub(super) fn sign_up() -> AnyView {
    vec![credentials_form(true), sister(Route::SignIn, |t| t.sign.have_account, |t| t.shell.sign_in)].into_any()
}

/// The way to the other form, which does not forget where somebody wanted to go.
fn sister(other: Route, question: Pick, answer: Pick) -> AnyView {
    let way = use_way();
    // Not a reason to make the form anew: what was typed would be lost.
    let other = Derived::of(move || match way.next() {
        Route::Home => other.path().to_owned(),
        next => format!("{}?next={}", other.path(), next.path()),
    });
    view! { <p>{text(question)} " " <a href=other>{text(answer)}</a></p> }.boxed()
}

/// Where to go when it has worked is decided by who watches the session.
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
            form.complain(empty);
        }
    };
    let fields = if new {
        // The rules are said before they are broken.
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
