//! `/account`: who I am since when; a new password; the account's end, in two steps.

mod delete;
mod password;

use self::{delete::DeleteAccount, password::ChangePassword};
use crate::{
    api::use_api,
    arrival::Page,
    connection::use_connection,
    lang::{text, use_lang},
    problem::Problem,
    when,
};
use leptos::prelude::*;
use wugan::Request;
use wugan_wire::{Me, routes};

#[component]
pub(crate) fn Account() -> impl IntoView {
    let (api, connection, lang) = (use_api(), use_connection(), use_lang());
    let me = LocalResource::new(move || {
        connection.returns();
        async move { Ok::<Me, Problem>(api.send(Request::get(routes::ME)).await?.json().await?) }
    });
    let name = Signal::derive(move || me.get().and_then(Result::ok).map(|me| me.username).unwrap_or_default());
    let facts = move || {
        let t = lang.get().texts();
        match me.get() {
            None => view! { <p class="answer waits">{t.shell.loading}</p> }.into_any(),
            Some(Err(problem)) => view! { <p class="notice bad">{problem.say()(t)}</p> }.into_any(),
            Some(Ok(me)) => view! {
                <dl class="facts" data-testid="me">
                    <dt>{t.account.name}</dt>
                    <dd>{me.username}</dd>
                    <dt>{t.account.since}</dt>
                    <dd><time datetime=me.created_at.clone()>{when::date(&me.created_at, lang.get())}</time></dd>
                    <dt>{t.account.id}</dt>
                    <dd>{me.id}</dd>
                </dl>
            }
            .into_any(),
        }
    };
    view! {
        <Page title=|t| t.account.title>
            <h1>{text(|t| t.account.title)}</h1>
            <section class="section known" aria-live="polite">{facts}</section>
            <ChangePassword name />
            <DeleteAccount name />
        </Page>
    }
}
