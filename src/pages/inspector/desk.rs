//! What stands on the page: the controls, the picture and its numbers, the comparison, the claims, and the log.

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
use wugan_timeline::{EventList, Timeline, Words, use_timeline};

pub(super) fn desk() -> AnyView {
    let (session, lang) = (use_session(), use_lang());
    let timeline = use_timeline(session.client().session());
    let plan = Plan::new();
    let words = Signal::derive(move || match lang.get() {
        Lang::En => Words::EN,
        Lang::Zh => Words::ZH,
    });
    let desk = view! {
        <div class="desk">
            <div class="bench">{burst_form(plan, timeline)} {trouble()}</div>
            <section class="stack">
                <div class="card-head">
                    <h2>{text(|t| t.inspector.picture)}</h2>
                    {export(timeline)}
                </div>
                <Timeline timeline words />
                {numbers(timeline, words)}
                {lifetime(words)}
            </section>
        </div>
    };
    let log = view! {
        <section class="stack">
            <h2>{text(|t| t.inspector.log)}</h2>
            <div class="log" tabindex="0" role="region" aria-label=text(|t| t.inspector.log)>
                <EventList timeline words />
            </div>
        </section>
    };
    vec![desk.boxed(), compare(plan, timeline, words), claims(timeline), log.boxed()].into_any()
}
