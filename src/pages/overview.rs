//! `/` for a signed-in user: the way to devices, account and inspector. It is in the part of the session's engine.

use crate::{
    components::card::{Card, DemonstrationCard},
    lang::{text, use_lang},
};
use leptos::prelude::*;
use wugan::leptos::use_session;

#[component]
pub(crate) fn Overview() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    let hello = move || {
        let name = session.user.get().and_then(|user| user.name).unwrap_or_default();
        (lang.get().overview().hello)(&name)
    };
    view! {
        <div class="head">
            <h1>{hello}</h1>
            <p>{text(|t| t.overview().hello_what)}</p>
        </div>
        <div class="cards">
            <Card heading=|t| t.titles().sessions body=|t| t.overview().devices_what link=("/sessions", |t| t.overview().devices_go) />
            <Card heading=|t| t.titles().account body=|t| t.overview().account_what link=("/account", |t| t.overview().account_go) />
            <DemonstrationCard />
        </div>
    }
}
