//! `/sign-in` and `/sign-up`. The form is a part of its own, loaded when the page is opened.

mod form;

use crate::{
    components::{
        ended,
        page::Page,
        part::{Load, Part, part},
    },
    lang::{Pick, text, use_lang},
    route::use_router,
};
use leptos::prelude::*;
use wugan::{
    AuthState,
    leptos::{UseReturnToOptions, use_return_to_with_options, use_session},
};

#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let (session, lang, return_to) = (use_session(), use_lang(), return_after_sign_in());
    // Why this page is shown: a session ended, or a guarded page was requested.
    let why = move || {
        let t = lang.get().texts();
        match session.state.get() {
            AuthState::SignedOut { reason: Some(reason) } => {
                view! { <p class="notice" role="status">{ended::reason_text(reason)(t)}</p> }.into_any()
            }
            _ if return_to.get() == "/" => view! { <p>{t.sign.in_what}</p> }.into_any(),
            _ => view! { <p>{t.sign.first}</p> }.into_any(),
        }
    };
    view! { <FormPage title=|t| t.sign.in_title below=why.into_any() form=part!(forms, form::sign_in) /> }
}

#[component]
pub(crate) fn SignUp() -> impl IntoView {
    return_after_sign_in();
    let below = view! { <p>{text(|t| t.sign.up_what)}</p> }.into_any();
    view! { <FormPage title=|t| t.sign.up_title below form=part!(forms, form::sign_up) /> }
}

/// The page to go to after the sign-in.
fn return_after_sign_in() -> Signal<String> {
    let router = use_router();
    use_return_to_with_options(UseReturnToOptions::default().navigate(move |address| router.replace(address))).to
}

/// A page with one form.
#[component]
fn FormPage(title: Pick, below: AnyView, form: Load) -> impl IntoView {
    view! {
        <Page title=title>
            <div class="narrow">
                <div class="head">
                    <h1>{text(title)}</h1>
                    {below}
                </div>
                <Part load=form />
            </div>
        </Page>
    }
}
