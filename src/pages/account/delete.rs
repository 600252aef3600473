//! The account's end: first the wish, then the password.

use crate::{
    api::use_api,
    components::{field::Field, notice::Farewell, submit::Submit},
    form::{Form, missing},
    lang::{text, use_lang},
};
use leptos::{ev::SubmitEvent, html, prelude::*};
use wugan::Request;
use wugan_wire::routes;

#[component]
pub(super) fn DeleteAccount(name: Signal<String>) -> impl IntoView {
    let wished = RwSignal::new(false);
    view! {
        <section class="section">
            <h2>{text(|t| t.account.delete)}</h2>
            <p class="hint">{text(|t| t.account.delete_what)}</p>
            <Show
                when=move || wished.get()
                fallback=move || {
                    view! {
                        <div class="buttons">
                            <button type="button" class="danger" on:click=move |_| wished.set(true)>{text(|t| t.account.delete_start)}</button>
                        </div>
                    }
                }
            >
                <Sure name wished />
            </Show>
        </section>
    }
}

#[component]
fn Sure(name: Signal<String>, wished: RwSignal<bool>) -> impl IntoView {
    let (api, lang, farewell) = (use_api(), use_lang(), Farewell::expect());
    let form = Form::new();
    let password = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = wugan_wire::DeleteAccount { password: password.get_untracked() };
        if let Some(empty) = missing("password", &body.password, |t| t.problem.password_missing) {
            return form.complain(vec![empty]);
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
    Effect::new(move || {
        if let Some(question) = question.get() {
            let _ = question.focus();
        }
    });
    view! {
        <form class="form" novalidate on:submit=submit>
            <p tabindex="-1" node_ref=question>{move || (lang.get().texts().account.delete_sure)(&name.get())}</p>
            <input type="text" name="username" autocomplete="username" prop:value=name readonly hidden />
            <Field form name="password" label=|t| t.sign.password value=password autocomplete="current-password" password=true />
            <Submit form idle=|t| t.account.delete_do busy=|t| t.account.deleting class="danger" />
            <div class="buttons">
                <button type="button" on:click=move |_| wished.set(false)>{text(|t| t.account.keep)}</button>
            </div>
        </form>
    }
}
