//! `/sign-in`: name and password, and a kind word if a session has just ended.

use crate::{
    api::use_api,
    arrival::Page,
    components::{
        field::Field,
        notice::{self, Farewell},
        submit::Submit,
    },
    form::{Form, missing},
    lang::{text, use_lang},
};
use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{NavigateOptions, components::A, hooks::use_navigate};
use wugan::{
    State,
    leptos::{next_path, use_session},
};
use wugan_wire::{Credentials, routes};

#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let api = use_api();
    let form = Form::new();
    let (username, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let credentials = Credentials { username: username.get_untracked(), password: password.get_untracked() };
        let empty = [
            missing("username", &credentials.username, |t| t.problem.username_missing),
            missing("password", &credentials.password, |t| t.problem.password_missing),
        ];
        let empty: Vec<_> = empty.into_iter().flatten().collect();
        if empty.is_empty() {
            form.send(async move { api.sign_in(routes::LOGIN, &credentials).await });
        } else {
            form.complain(empty);
        }
    };
    go_on_when_signed_in();
    view! {
        <Page title=|t| t.sign.in_title>
            <div class="narrow">
                <div class="head">
                    <h1>{text(|t| t.sign.in_title)}</h1>
                    <Why />
                </div>
                <form class="form" novalidate on:submit=submit>
                    <Field form name="username" label=|t| t.sign.username value=username autocomplete="username" />
                    <Field form name="password" label=|t| t.sign.password value=password autocomplete="current-password" password=true />
                    <Submit form idle=|t| t.sign.sign_in busy=|t| t.sign.signing_in />
                </form>
                <p>{text(|t| t.sign.no_account)} " " <A href=with_next("/sign-up")>{text(|t| t.shell.sign_up)}</A></p>
            </div>
        </Page>
    }
}

/// Why somebody is here: a session ended, or a page wants to know who it is.
#[component]
fn Why() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    let sent_here = next_path() != "/";
    let words = move || {
        let t = lang.get().texts();
        match session.state.get() {
            State::SignedOut { reason: Some(reason) } => {
                view! { <p class="notice" role="status">{notice::ended(reason)(t)}</p> }.into_any()
            }
            _ => view! { <p>{if sent_here { t.sign.first } else { t.sign.in_what }}</p> }.into_any(),
        }
    };
    view! { {words} }
}

/// Signed in by this form or in another tab: on to where he wanted to go.
pub(crate) fn go_on_when_signed_in() {
    let (session, navigate, next, farewell) = (use_session(), use_navigate(), next_path(), Farewell::expect());
    Effect::new(move || {
        if session.signed_in.get() {
            farewell.forget();
            navigate(&next, NavigateOptions { replace: true, ..NavigateOptions::default() });
        }
    });
}

/// A link to the other form that does not forget where he wanted to go.
pub(crate) fn with_next(path: &str) -> String {
    format!("{path}{}", window().location().search().unwrap_or_default())
}
