//! `/sign-in` and `/sign-up`: name and password; here, and a kind word if a session has just ended.

use crate::{
    api::use_api,
    arrival::Page,
    components::{
        field::Field,
        live::{Boxed, live},
        notice,
        strength::strength_meter,
        submit::submit,
    },
    form::{Form, missing},
    lang::{Pick, text, use_lang},
    route::{Route, use_way},
};
use leptos::{ev::SubmitEvent, prelude::*};
use wugan::{State, leptos::use_session};
use wugan_wire::{Credentials, routes};

#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let (session, lang, way) = (use_session(), use_lang(), use_way());
    // Why somebody is here: a session ended, or a page wants to know who he is.
    let why = live(move || {
        let t = lang.get().texts();
        match session.state.get() {
            State::SignedOut { reason: Some(reason) } => view! { <p class="notice" role="status">{notice::ended(reason)(t)}</p> }.boxed(),
            _ if way.next() == Route::Home => view! { <p>{t.sign.in_what}</p> }.boxed(),
            _ => view! { <p>{t.sign.first}</p> }.boxed(),
        }
    });
    form_page(|t| t.sign.in_title, why, credentials_form(false), Route::SignUp, |t| t.sign.no_account, |t| t.shell.sign_up)
}

#[component]
pub(crate) fn SignUp() -> impl IntoView {
    let what = view! { <p>{text(|t| t.sign.up_what)}</p> }.boxed();
    form_page(|t| t.sign.up_title, what, credentials_form(true), Route::SignIn, |t| t.sign.have_account, |t| t.shell.sign_in)
}

/// A page that is one form, with a way to its sister that does not forget where he wanted to go.
fn form_page(title: Pick, below: AnyView, form: AnyView, other: Route, question: Pick, answer: Pick) -> AnyView {
    let way = use_way();
    // Not a reason to make the form anew: what was typed would be lost.
    let other = Signal::derive(move || match way.next() {
        Route::Home => other.path().to_owned(),
        next => format!("{}?next={}", other.path(), next.path()),
    });
    view! {
        <Page title=title>
            <div class="narrow">
                <div class="head">
                    <h1>{text(title)}</h1>
                    {below}
                </div>
                {form}
                <p>{text(question)} " " <a href=other>{text(answer)}</a></p>
            </div>
        </Page>
    }
    .boxed()
}

/// Name and password. Where to go when it has worked is decided by who watches the session.
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
