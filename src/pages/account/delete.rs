//! Account deletion in two steps: the request, then the password.

use super::username_field;
use crate::{
    api::use_api,
    arrival::focus,
    components::{
        field::Field,
        live::{Boxed, button, effect, either},
        notice::DeletedNotice,
        submit::submit,
    },
    derived::Derived,
    form::{Form, missing},
    lang::{self, use_lang},
};
use leptos::{ev::SubmitEvent, html, prelude::*};
use wugan::Request;
use wugan_wire::routes;

/// The heading's id in the page.
const HEADING: &str = "delete-account";

pub(super) fn delete_account(name: Derived<String>) -> AnyView {
    let confirming = RwSignal::new(false);
    let start = move || button("danger", |t| t.account.delete_start, move || confirming.set(true));
    view! {
        <section class="section">
            <h2 id=HEADING tabindex="-1">{lang::text(|t| t.account.delete)}</h2>
            <p class="hint">{lang::text(|t| t.account.delete_what)}</p>
            <div>{either(confirming.into(), move || confirm(name, confirming), start)}</div>
        </section>
    }
    .boxed()
}

fn confirm(name: Derived<String>, confirming: RwSignal<bool>) -> AnyView {
    let (api, lang, deleted) = (use_api(), use_lang(), DeletedNotice::expect());
    let form = Form::new();
    let password = RwSignal::new(String::new());
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let body = wugan_wire::DeleteAccount { password: password.get_untracked() };
        let empty = missing(&[("password", &body.password, |t| t.problem.password_missing)]);
        if !empty.is_empty() {
            return form.show_errors(empty);
        }
        form.send(async move {
            let sent = api.send(Request::post(routes::DELETE).json(&body)).await;
            sent.map_err(|problem| problem.about_own_password("password"))?;
            deleted.show();
            api.client().session().sign_out();
            Ok(())
        });
    };
    let question = NodeRef::<html::P>::new();
    // The button that had the focus is gone: focus what replaced it.
    effect(move || {
        if let Some(question) = question.get() {
            let _ = question.focus();
        }
    });
    // And back to the heading.
    let keep = move || {
        confirming.set(false);
        focus(HEADING);
    };
    let text = Derived::new(move || (lang.get().texts().account.delete_sure)(&name.get()));
    view! {
        <form class="form" novalidate on:submit=send>
            <p tabindex="-1" node_ref=question>{text}</p>
            {username_field(name)} {Field::PASSWORD.view(form, password)}
            {submit(form, "danger", |t| t.account.delete_do, |t| t.account.deleting)}
            <div class="buttons">{button("", |t| t.account.keep, keep)}</div>
        </form>
    }
    .boxed()
}
