//! Password change, which ends all other sessions.

use super::username_field;
use crate::{
    api::use_api,
    components::{
        field::Field,
        live::{Boxed, notice},
        strength::strength_meter,
        submit::submit,
    },
    derived::Derived,
    form::{Form, missing},
    lang::{Pick, text},
    problem::Message,
};
use leptos::{ev::SubmitEvent, prelude::*};
use wugan::Request;
use wugan_wire::{PasswordChange, routes};

pub(super) fn change_password(name: Derived<String>) -> AnyView {
    let api = use_api();
    let form = Form::new();
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let changed = RwSignal::new(false);
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        changed.set(false);
        let change = PasswordChange { current_password: current.get_untracked(), new_password: new.get_untracked() };
        let missing_text: Pick = |t| t.problem.password_missing;
        let empty =
            missing(&[("current_password", &change.current_password, missing_text), ("new_password", &change.new_password, missing_text)]);
        if !empty.is_empty() {
            return form.show_errors(empty);
        }
        form.send(async move {
            let sent = api.send(Request::post(routes::PASSWORD).json(&change)).await;
            sent.map_err(|problem| problem.about_own_password("current_password"))?;
            changed.try_set(true);
            current.try_set(String::new());
            new.try_set(String::new());
            Ok(())
        });
    };
    let old = Field { name: "current_password", label: |t| t.account.current, ..Field::PASSWORD };
    let fresh = Field {
        name: "new_password",
        label: |t| t.account.new,
        autocomplete: "new-password",
        hint: Some(|t| t.sign.password_hint),
        ..Field::PASSWORD
    };
    view! {
        <section class="section">
            <h2>{text(|t| t.account.change)}</h2>
            <p class="hint">{text(|t| t.account.change_what)}</p>
            <form class="form" novalidate on:submit=send>
                {username_field(name)} {old.view(form, current)} {fresh.view(form, new)} {strength_meter(new)}
                {submit(form, "primary", |t| t.account.change_do, |t| t.account.changing)}
            </form>
            {notice(move || changed.get().then_some(("notice good", Message::Plain(|t| t.account.changed))))}
        </section>
    }
    .boxed()
}
