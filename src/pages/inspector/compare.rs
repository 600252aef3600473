//! The comparison: the same burst with an invalid token, by this library and by a naive client.

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
use wugan_timeline::{Strings, Timeline, UseTimeline};

pub(super) fn compare(plan: Plan, timeline: UseTimeline, strings: Signal<&'static Strings>) -> AnyView {
    let api = use_api();
    let naive = UseTimeline::detached();
    let shown = RwSignal::new(false);
    let form = plan.twice;
    let press = move |_| {
        let Some((count, route)) = plan.read() else { return };
        shown.set(true);
        form.send(both(api, count, route, timeline, naive));
    };
    let error = form.error(None);
    let label = form.label(|t| t.inspector.naive, |t| t.inspector.naive_busy);
    let result = live(move || {
        if !shown.get() {
            return ().into_any();
        }
        view! {
            <h3>{text(|t| t.inspector.naive_title)}</h3>
            <Timeline timeline=naive strings />
            {table(naive, strings)}
        }
        .boxed()
    });
    view! {
        <section class="stack" data-testid="compare">
            <p class="hint">{text(|t| t.inspector.naive_what)}</p>
            <div class="buttons">
                <button type="button" on:click=press aria-disabled=plan.busy()>{label}</button>
            </div>
            <p class="wrong" role="alert">{error}</p>
            {result}
        </section>
    }
    .boxed()
}

/// One after the other, so that they do not compete for connections.
async fn both(api: Api, count: usize, route: String, ours: UseTimeline, theirs: UseTimeline) -> Result<(), Problem> {
    ours.clear();
    theirs.clear();
    api.client().session().corrupt_access_token();
    burst(api, route.clone(), count).await?;
    naive::burst(&route, count, theirs).await
}
