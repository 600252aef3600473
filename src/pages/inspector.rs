//! `/inspector`: many requests at once, a token broken on purpose, and what came of it.

mod burst;
mod claims;
mod compare;
mod export;
mod lifetime;
mod naive;
mod numbers;
mod trouble;

use self::{
    burst::{Plan, burst_form},
    claims::claims,
    compare::compare,
    export::export,
    lifetime::lifetime,
    numbers::numbers,
    trouble::trouble,
};
use crate::{
    arrival::Page,
    components::live::head,
    lang::{Lang, text, use_lang},
};
use leptos::prelude::*;
use wugan::leptos::use_session;
use wugan_timeline::{EventList, Timeline, Words, use_timeline};

#[component]
pub(crate) fn Inspector() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    let timeline = use_timeline(session.client().session());
    let plan = Plan::new();
    let words = Signal::derive(move || match lang.get() {
        Lang::En => Words::EN,
        Lang::Zh => Words::ZH,
    });
    view! {
        <Page title=|t| t.inspector.title>
            {head(|t| t.inspector.title, |t| t.inspector.what)}
            <div class="desk">
                <div class="bench">{burst_form(plan, timeline)} {trouble()}</div>
                <section class="stack">
                    <div class="card-head">
                        <h2>{text(|t| t.inspector.picture)}</h2>
                        {export(timeline)}
                    </div>
                    <Timeline timeline words />
                    {numbers(timeline)}
                    {lifetime()}
                </section>
            </div>
            {compare(plan, timeline, words)}
            {claims(timeline)}
            <section class="stack">
                <h2>{text(|t| t.inspector.log)}</h2>
                <div class="log" tabindex="0" role="region" aria-label=text(|t| t.inspector.log)>
                    <EventList timeline words />
                </div>
            </section>
        </Page>
    }
}
