//! The content of `/account`.

use super::{delete::delete_account, password::change_password};
use crate::{answers, components::live::Boxed, derived::Derived, lang::Lang, loaded::Loaded, when};
use leptos::prelude::*;
use wugan::leptos::use_session;
use wugan_wire::{Me, routes};

pub(super) fn body() -> AnyView {
    let session = use_session();
    let name = Derived::new(move || session.user.get().and_then(|user| user.name).unwrap_or_default());
    let facts = Loaded::new(routes::ME, Derived::new(|| true)).view(|body, lang| Some(facts(answers::me(body)?, lang)));
    let facts = view! { <section class="section known">{facts}</section> };
    vec![facts.boxed(), change_password(name), delete_account(name)].into_any()
}

fn facts(me: Me, lang: Lang) -> AnyView {
    let t = &lang.texts().account;
    view! {
        <dl class="facts" data-testid="me">
            <dt>{t.name}</dt>
            <dd>{me.username}</dd>
            <dt>{t.since}</dt>
            <dd>{when::date(&me.created_at, lang)}</dd>
            <dt>{t.id}</dt>
            <dd>{me.id.to_string()}</dd>
        </dl>
    }
    .boxed()
}
