//! `/sign-in` and `/sign-up`. The form is a part of its own, loaded when the page is opened.

mod form;

use crate::{
    arrival::Page,
    components::{
        later::{Fetch, later, part},
        live::{Boxed, live},
        notice,
    },
    lang::{Pick, text, use_lang},
    route::{Route, use_router},
};
use leptos::prelude::*;
use wugan::{AuthState, leptos::use_session};

#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let (session, lang, router) = (use_session(), use_lang(), use_router());
    // Why this page is shown: a session ended, or a guarded page was requested.
    let why = live(move || {
        let t = lang.get().texts();
        match session.state.get() {
            AuthState::SignedOut { reason: Some(reason) } => {
                view! { <p class="notice" role="status">{notice::ended(reason)(t)}</p> }.boxed()
            }
            _ if router.next() == Route::Home => view! { <p>{t.sign.in_what}</p> }.boxed(),
            _ => view! { <p>{t.sign.first}</p> }.boxed(),
        }
    });
    form_page(|t| t.sign.in_title, why, part!(forms, form::sign_in))
}

#[component]
pub(crate) fn SignUp() -> impl IntoView {
    let what = view! { <p>{text(|t| t.sign.up_what)}</p> }.boxed();
    form_page(|t| t.sign.up_title, what, part!(forms, form::sign_up))
}

/// A page with one form.
fn form_page(title: Pick, below: AnyView, form: Fetch) -> AnyView {
    view! {
        <Page title=title>
            <div class="narrow">
                <div class="head">
                    <h1>{text(title)}</h1>
                    {below}
                </div>
                {later(form)}
            </div>
        </Page>
    }
    .boxed()
}
