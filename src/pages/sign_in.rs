//! `/sign-in` and `/sign-up`.

mod form;

use self::form::{CredentialsForm, OtherForm};
use crate::{
    components::ended,
    lang::{Pick, text, use_lang},
    route::{Route, use_router},
};
use leptos::prelude::*;
use wugan::{
    AuthState,
    leptos::{UseReturnToOptions, use_return_to_with_options, use_session},
};

pub(crate) fn sign_in() -> AnyView {
    let (session, lang, return_to) = (use_session(), use_lang(), return_after_sign_in());
    // Why this page is shown: a session ended, or a guarded page was requested.
    let why = move || {
        let t = lang.get();
        match session.state.get() {
            AuthState::SignedOut { reason: Some(reason) } => {
                view! { <p class="notice" role="status">{ended::reason_text(reason)(t)}</p> }.into_any()
            }
            _ if return_to.get() == "/" => view! { <p>{t.sign().in_what}</p> }.into_any(),
            _ => view! { <p>{t.sign().first}</p> }.into_any(),
        }
    };
    view! {
        <div class="narrow">
            <Head title=|t| t.titles().sign_in below=why.into_any() />
            <CredentialsForm is_new=false />
            <p class="hint">{text(|t| t.sign().forgot)}</p>
            <OtherForm route=Route::SignUp question=|t| t.sign().no_account link=|t| t.sign().create />
        </div>
    }
    .into_any()
}

pub(crate) fn sign_up() -> AnyView {
    return_after_sign_in();
    view! {
        <div class="narrow">
            <Head title=|t| t.titles().sign_up below=view! { <p>{text(|t| t.sign().up_what)}</p> }.into_any() />
            <CredentialsForm is_new=true />
            <OtherForm route=Route::SignIn question=|t| t.sign().have_account link=|t| t.shell().sign_in />
        </div>
    }
    .into_any()
}

/// The page to go to after the sign-in.
fn return_after_sign_in() -> Signal<String> {
    let router = use_router();
    use_return_to_with_options(UseReturnToOptions::default().navigate(move |address| router.replace(address))).to
}

#[component]
fn Head(title: Pick, below: AnyView) -> impl IntoView {
    view! {
        <div class="head">
            <h1>{text(title)}</h1>
            {below}
        </div>
    }
}
