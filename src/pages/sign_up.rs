//! `/sign-up`: the rules said before, the strength shown while typing.

use super::sign_in::{go_on_when_signed_in, with_next};
use crate::{
    api::use_api,
    arrival::Page,
    components::{field::Field, strength::StrengthMeter, submit::Submit},
    form::{Form, missing},
    lang::text,
};
use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::components::A;
use wugan_wire::{Credentials, routes};

#[component]
pub(crate) fn SignUp() -> impl IntoView {
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
            form.send(async move { api.sign_in(routes::REGISTER, &credentials).await });
        } else {
            form.complain(empty);
        }
    };
    go_on_when_signed_in();
    view! {
        <Page title=|t| t.sign.up_title>
            <div class="narrow">
                <div class="head">
                    <h1>{text(|t| t.sign.up_title)}</h1>
                    <p>{text(|t| t.sign.up_what)}</p>
                </div>
                <form class="form" novalidate on:submit=submit>
                    <Field form name="username" label=|t| t.sign.username value=username autocomplete="username" hint=|t| t.sign.username_hint />
                    <Field
                        form
                        name="password"
                        label=|t| t.sign.password
                        value=password
                        autocomplete="new-password"
                        hint=|t| t.sign.password_hint
                        password=true
                    />
                    <StrengthMeter password />
                    <Submit form idle=|t| t.sign.create busy=|t| t.sign.creating />
                </form>
                <p>{text(|t| t.sign.have_account)} " " <A href=with_next("/sign-in")>{text(|t| t.shell.sign_in)}</A></p>
            </div>
        </Page>
    }
}
