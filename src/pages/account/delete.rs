//! The account's end: first the wish, then the password.

use super::whose;
use crate::{
    api::use_api,
    arrival::focus,
    components::{
        field::Field,
        live::{Boxed, button, either, follow},
        notice::Farewell,
        submit::submit,
    },
    derived::Derived,
    form::{Form, missing},
    lang::{text, use_lang},
};
use leptos::{ev::SubmitEvent, html, prelude::*};
use wugan::Request;
use wugan_wire::routes;

/// Its id in the page.
const HEADING: &str = "delete-account";

pub(super) fn delete_account(name: Derived<String>) -> AnyView {
    let wished = RwSignal::new(false);
    let wish = move || button("danger", |t| t.account.delete_start, move || wished.set(true));
    view! {
        <section class="section">
            <h2 id=HEADING tabindex="-1">{text(|t| t.account.delete)}</h2>
            <p class="hint">{text(|t| t.account.delete_what)}</p>
            <div>{either(wished.into(), move || sure(name, wished), wish)}</div>
        </section>
    }
    .boxed()
}

fn sure(name: Derived<String>, wished: RwSignal<bool>) -> AnyView {
    let (api, lang, farewell) = (use_api(), use_lang(), Farewell::expect());
    let form = Form::new();
    let password = RwSignal::new(String::new());
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let body = wugan_wire::DeleteAccount { password: password.get_untracked() };
        let empty = missing(&[("password", &body.password, |t| t.problem.password_missing)]);
        if !empty.is_empty() {
            return form.complain(empty);
        }
        form.send(async move {
            let sent = api.send(Request::post(routes::DELETE).json(&body)).await;
            sent.map_err(|problem| problem.about_own_password("password"))?;
            farewell.say();
            api.client().session().sign_out();
            Ok(())
        });
    };
    let question = NodeRef::<html::P>::new();
    // The button that led here is gone: the focus goes to what has come in its place.
    follow(move || {
        if let Some(question) = question.get() {
            let _ = question.focus();
        }
    });
    // And back, when it goes.
    let keep = move || {
        wished.set(false);
        focus(HEADING);
    };
    let words = Derived::of(move || (lang.get().texts().account.delete_sure)(&name.get()));
    view! {
        <form class="form" novalidate on:submit=send>
            <p tabindex="-1" node_ref=question>{words}</p>
            {whose(name)} {Field::PASSWORD.view(form, password)}
            {submit(form, "danger", |t| t.account.delete_do, |t| t.account.deleting)}
            <div class="buttons">{button("", |t| t.account.keep, keep)}</div>
        </form>
    }
    .boxed()
}
