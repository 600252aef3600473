//! The same burst twice, with a spoiled token: by this library, and the naive way.

use super::{
    burst::{Plan, burst},
    naive,
    numbers::table,
};
use crate::{
    api::{Api, use_api},
    components::live::{Boxed, live},
    lang::text,
    problem::Problem,
};
use leptos::prelude::*;
use wugan_timeline::{Timeline, UseTimeline, Words};

pub(super) fn compare(plan: Plan, timeline: UseTimeline, words: Signal<&'static Words>) -> AnyView {
    let api = use_api();
    let naive = UseTimeline::unconnected();
    let shown = RwSignal::new(false);
    let form = plan.twice;
    let press = move |_| {
        let Some((count, route)) = plan.read() else { return };
        shown.set(true);
        form.send(both(api, count, route, timeline, naive));
    };
    let wrong = form.wrong(None);
    let label = form.label(|t| t.inspector.naive, |t| t.inspector.naive_busy);
    let picture = live(move || {
        if !shown.get() {
            return ().into_any();
        }
        view! {
            <h3>{text(|t| t.inspector.naive_title)}</h3>
            <Timeline timeline=naive words />
            {table(naive, words)}
        }
        .boxed()
    });
    view! {
        <section class="stack" data-testid="compare">
            <p class="hint">{text(|t| t.inspector.naive_what)}</p>
            <div class="buttons">
                <button type="button" on:click=press aria-disabled=plan.busy()>{label}</button>
            </div>
            <p class="wrong" role="alert">{wrong}</p>
            {picture}
        </section>
    }
    .boxed()
}

/// Ours first, so that neither disturbs the other.
async fn both(api: Api, count: usize, route: String, ours: UseTimeline, theirs: UseTimeline) -> Result<(), Problem> {
    ours.clear();
    theirs.clear();
    api.client().session().spoil_access_token();
    burst(api, route.clone(), count).await?;
    naive::burst(&route, count, theirs).await
}
