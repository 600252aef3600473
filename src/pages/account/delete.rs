//! Account deletion in two steps: the request, then the password.

use super::username::{UsernameField, use_username};
use crate::{
    api::use_api,
    components::{
        ended::DeletedNotice,
        field::{Field, Input, TextField},
        page::focus,
        submit::Submit,
    },
    form::Form,
    lang::{text, use_lang},
    problem::Problem,
};
use leptos::{ev::SubmitEvent, html, prelude::*};
use wugan::{
    Request,
    leptos::{UseSessionActionOptions, use_session_action_with_options},
};
use wugan_wire::routes;

/// The heading's id in the page.
const HEADING: &str = "delete-account";

#[component]
pub(super) fn DeleteAccount() -> impl IntoView {
    let confirming = RwSignal::new(false);
    let content = move || {
        if confirming.get() {
            view! { <Confirm confirming /> }.into_any()
        } else {
            let start = move |_| confirming.set(true);
            view! { <button type="button" class="danger" on:click=start>{text(|t| t.account().delete_start)}</button> }.into_any()
        }
    };
    view! {
        <section class="section">
            <h2 id=HEADING tabindex="-1">{text(|t| t.account().delete)}</h2>
            <p class="hint">{text(|t| t.account().delete_what)}</p>
            <div>{content}</div>
        </section>
    }
}

#[component]
fn Confirm(confirming: RwSignal<bool>) -> impl IntoView {
    let (api, lang, name, deleted) = (use_api(), use_lang(), use_username(), DeletedNotice::expect());
    let once = UseSessionActionOptions::default().resume(false);
    let delete = use_session_action_with_options(once, move |client, password: String| async move {
        let request = Request::post(routes::DELETE).json(&wugan_wire::DeleteAccount { password });
        api.send(request).await.map_err(|problem| problem.about_own_password("password"))?;
        deleted.show();
        client.session().sign_out();
        Ok::<(), Problem>(())
    });
    let form = Form::new(delete.pending);
    let password = Input::new();
    Effect::new(move || {
        if let Some(result) = delete.value.get() {
            form.show_result(&result);
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let password = password.read();
        if form.validate(&[("password", &password, |t| t.problem().password_missing)]) {
            delete.dispatch(password);
        }
    };
    let question = NodeRef::<html::P>::new();
    // The button that had the focus is gone: focus what replaced it.
    Effect::new(move || {
        if let Some(question) = question.get() {
            let _ = question.focus();
        }
    });
    // And back to the heading.
    let cancel = move |_| {
        confirming.set(false);
        focus(HEADING);
    };
    view! {
        <form class="form" novalidate on:submit=submit>
            <p tabindex="-1" node_ref=question>{move || (lang.get().account().delete_sure)(&name.get())}</p>
            <UsernameField />
            <TextField form field=Field::PASSWORD input=password />
            <Submit form class="danger" label=|t| t.account().delete_do pending_label=|t| t.account().deleting />
            <div class="buttons">
                <button type="button" on:click=cancel>{text(|t| t.shell().cancel)}</button>
            </div>
        </form>
    }
}
