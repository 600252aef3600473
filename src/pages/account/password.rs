//! A new password: the other sessions end with the old one, and it says so.

use crate::{
    api::use_api,
    components::{field::Field, strength::StrengthMeter, submit::Submit},
    form::{Form, missing},
    lang::text,
};
use leptos::{ev::SubmitEvent, prelude::*};
use wugan::Request;
use wugan_wire::{PasswordChange, routes};

#[component]
pub(super) fn ChangePassword(name: Signal<String>) -> impl IntoView {
    let api = use_api();
    let form = Form::new();
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let changed = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let change = PasswordChange { current_password: current.get_untracked(), new_password: new.get_untracked() };
        let empty = [
            missing("current_password", &change.current_password, |t| t.problem.password_missing),
            missing("new_password", &change.new_password, |t| t.problem.password_missing),
        ];
        let empty: Vec<_> = empty.into_iter().flatten().collect();
        if !empty.is_empty() {
            return form.complain(empty);
        }
        changed.set(false);
        form.send(async move {
            let sent = api.send(Request::post(routes::PASSWORD).json(&change)).await;
            sent.map_err(|problem| problem.about_own_password("current_password"))?;
            changed.try_set(true);
            current.try_set(String::new());
            new.try_set(String::new());
            Ok(())
        });
    };
    let done = text(|t| t.account.changed);
    view! {
        <section class="section">
            <h2>{text(|t| t.account.change)}</h2>
            <p class="hint">{text(|t| t.account.change_what)}</p>
            <form class="form" novalidate on:submit=submit>
                // Password managers want to know whose password it is.
                <input type="text" name="username" autocomplete="username" prop:value=name readonly hidden />
                <Field form name="current_password" label=|t| t.account.current value=current autocomplete="current-password" password=true />
                <Field
                    form
                    name="new_password"
                    label=|t| t.account.new
                    value=new
                    autocomplete="new-password"
                    hint=|t| t.sign.password_hint
                    password=true
                />
                <StrengthMeter password=new />
                <Submit form idle=|t| t.account.change_do busy=|t| t.account.changing />
            </form>
            <div role="status">{move || changed.get().then(|| view! { <p class="notice good">{done}</p> })}</div>
        </section>
    }
}
