//! The content of `/inspector`: controls, timeline, statistics, comparison, claims, and log.

use super::{
    burst::{Plan, burst_form},
    claims::claims,
    compare::compare,
    export::export,
    lifetime::lifetime,
    numbers::numbers,
    trouble::trouble,
};
use crate::{
    components::live::Boxed,
    lang::{Lang, text, use_lang},
};
use leptos::prelude::*;
use wugan::leptos::use_session;
use wugan_timeline::{EventList, Strings, Timeline, use_timeline};

pub(super) fn body() -> AnyView {
    let (session, lang) = (use_session(), use_lang());
    let timeline = use_timeline(session.client().session());
    let plan = Plan::new();
    let strings = Signal::derive(move || match lang.get() {
        Lang::En => Strings::EN,
        Lang::Zh => Strings::ZH,
    });
    let main = view! {
        <div class="columns">
            <div class="controls-column">{burst_form(plan, timeline)} {trouble()}</div>
            <section class="stack">
                <div class="card-head">
                    <h2>{text(|t| t.inspector.picture)}</h2>
                    {export(timeline)}
                </div>
                <Timeline timeline strings />
                {numbers(timeline, strings)}
                {lifetime(strings)}
            </section>
        </div>
    };
    let log = view! {
        <section class="stack">
            <h2>{text(|t| t.inspector.log)}</h2>
            <div class="log" tabindex="0" role="region" aria-label=text(|t| t.inspector.log)>
                <EventList timeline strings />
            </div>
        </section>
    };
    vec![main.boxed(), compare(plan, timeline, strings), claims(timeline), log.boxed()].into_any()
}
