//! `/account`: account details, password change, and account deletion.

mod delete;
mod password;
mod username;

use self::{delete::DeleteAccount, password::ChangePassword};
use crate::{
    lang::{text, use_lang},
    loaded::{loaded, use_data},
    responses, when,
};
use leptos::prelude::*;
use wugan_wire::{Me, routes};

pub(crate) fn page() -> AnyView {
    let me = use_data(routes::ME);
    view! {
        <h1>{text(|t| t.titles().account)}</h1>
        <section class="section known">{loaded(me, responses::me, |me| view! { <Facts me /> }.into_any())}</section>
        <ChangePassword />
        <DeleteAccount />
    }
    .into_any()
}

#[component]
fn Facts(me: Me) -> impl IntoView {
    let lang = use_lang();
    view! {
        <dl class="facts" data-testid="me">
            <dt>{text(|t| t.account().name)}</dt>
            <dd>{me.username}</dd>
            <dt>{text(|t| t.account().since)}</dt>
            <dd>{move || when::date(&me.created_at, lang.get())}</dd>
            <dt>{text(|t| t.account().id)}</dt>
            <dd>{me.id.to_string()}</dd>
        </dl>
    }
}
