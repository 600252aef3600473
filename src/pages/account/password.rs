//! Password change, which ends all other sessions.

use super::username::UsernameField;
use crate::{
    api::use_api,
    components::{
        field::{Field, Input, TextField},
        notice::Notice,
        strength::StrengthMeter,
        submit::Submit,
    },
    form::Form,
    lang::{Pick, text},
    problem::Message,
};
use leptos::{ev::SubmitEvent, prelude::*};
use wugan::leptos::{UseSessionActionOptions, use_session_action_with_options};
use wugan_wire::PasswordChange;

const CURRENT: Field = Field { name: "current_password", label: |t| t.account().current, ..Field::PASSWORD };

#[component]
pub(super) fn ChangePassword() -> impl IntoView {
    let api = use_api();
    // A password typed before the session ended is not sent after the next sign-in.
    let once = UseSessionActionOptions::default().resume(false);
    let change = use_session_action_with_options(once, move |_, change: PasswordChange| async move { api.change_password(&change).await });
    let form = Form::new(change.pending);
    let (current, new) = (Input::new(), Input::new());
    let changed = RwSignal::new(false);
    Effect::new(move || {
        let Some(result) = change.value.get() else { return };
        form.show_result(&result);
        if result.is_ok() {
            changed.set(true);
            current.set(String::new());
            new.set(String::new());
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        changed.set(false);
        let (current_password, new_password) = (current.read(), new.read());
        let missing: Pick = |t| t.problem().password_missing;
        if form.validate(&[("current_password", &current_password, missing), ("new_password", &new_password, missing)]) {
            change.dispatch(PasswordChange { current_password, new_password });
        }
    };
    let notice = move || changed.get().then_some(("notice good", Message::Plain(|t| t.account().changed)));
    view! {
        <section class="section">
            <h2>{text(|t| t.account().change)}</h2>
            <p class="hint">{text(|t| t.account().change_what)}</p>
            <form class="form" novalidate on:submit=submit>
                <UsernameField />
                <TextField form field=CURRENT input=current />
                <TextField form field=Field::NEW_PASSWORD input=new />
                <StrengthMeter password=new.value />
                <Submit form label=|t| t.account().change_do pending_label=|t| t.account().changing />
            </form>
            <Notice content=notice />
        </section>
    }
}
