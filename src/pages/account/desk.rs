//! Who I am since when, and what I can do about it.

use super::{delete::delete_account, password::change_password};
use crate::{
    api::use_api,
    components::live::{Boxed, live},
    connection::use_connection,
    lang::use_lang,
    loaded::Loaded,
    when,
};
use leptos::prelude::*;
use wugan::Request;
use wugan_wire::{Me, routes};

pub(super) fn desk() -> AnyView {
    let (api, connection, lang) = (use_api(), use_connection(), use_lang());
    let me = Loaded::<Me>::by(move || {
        connection.returns();
        Some(Box::pin(async move { Ok(api.send(Request::get(routes::ME)).await?.json().await?) }))
    });
    let name = Signal::derive(move || me.get().and_then(Result::ok).map(|me| me.username).unwrap_or_default());
    let facts = live(move || {
        let t = lang.get().texts();
        match me.get() {
            None => view! { <p class="answer">{t.shell.loading}</p> }.boxed(),
            Some(Err(problem)) => view! { <p class="notice bad">{problem.say().words(lang.get())}</p> }.boxed(),
            Some(Ok(me)) => view! {
                <dl class="facts" data-testid="me">
                    <dt>{t.account.name}</dt>
                    <dd>{me.username}</dd>
                    <dt>{t.account.since}</dt>
                    <dd>{when::date(&me.created_at, lang.get())}</dd>
                    <dt>{t.account.id}</dt>
                    <dd>{me.id.to_string()}</dd>
                </dl>
            }
            .boxed(),
        }
    });
    let facts = view! { <section class="section known" aria-live="polite">{facts}</section> };
    vec![facts.boxed(), change_password(name), delete_account(name)].into_any()
}
