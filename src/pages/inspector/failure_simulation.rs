//! "Simulate failures": the timeline of a session, and the controls that cause failures in it.

use super::{
    claims::Claims,
    export::Export,
    failures::Failures,
    inspected_session::InspectedSession,
    jobs::{Job, Jobs},
    lifetime::Lifetime,
    numbers::Numbers,
    requests::RequestsForm,
};
use crate::{
    connection::use_connection,
    lang::{Pick, text},
    problem::Message,
    route::{OWN_SESSION, Route, use_router},
};
use leptos::prelude::*;
use wugan::leptos::use_session;
use wugan_timeline::{EventList, Strings, Timeline, UseTimeline};

#[component]
pub(super) fn FailureSimulation(
    inspected: StoredValue<InspectedSession, LocalStorage>,
    is_own: bool,
    jobs: Jobs,
    strings: Signal<&'static Strings>,
) -> impl IntoView {
    let session = use_session();
    let timeline = UseTimeline::detached();
    // The demonstration has pictures of its own.
    let subscription = inspected.get_value().client().session().on_event(move |timed| {
        if !jobs.is_running_untracked(Job::Demonstration) {
            timeline.push(timed);
        }
    });
    StoredValue::new_local(subscription);
    // What the last control did, or why it failed.
    let status = RwSignal::new(None::<Message>);
    // The message of a failure is out of date when the server is back.
    let connection = use_connection();
    Effect::new(move || {
        connection.track_retries();
        status.set(None);
    });
    // Open after a choice of the session.
    let open = use_router().query().contains("session=");
    view! {
        <details class="simulation" open=open>
            <summary><h2>{text(|t| t.inspector().failures)}</h2></summary>
            <p class="hint">{text(|t| t.inspector().failures_what)}</p>
            <Show when=move || session.signed_in.get()>
                <SessionChoice is_own />
            </Show>
            <div class="columns">
                <section class="stack">
                    <div class="card-head">
                        <h3>{text(|t| t.inspector().picture)}</h3>
                        <Export timeline />
                    </div>
                    <Timeline timeline strings />
                    <Numbers timeline strings />
                    <Lifetime inspected strings />
                </section>
                <div class="controls-column">
                    <RequestsForm inspected timeline jobs status />
                    <Failures inspected jobs status />
                </div>
            </div>
            <Claims inspected timeline />
            <section class="stack">
                <h3>{text(|t| t.inspector().log)}</h3>
                <div class="log" tabindex="0" role="region" aria-label=text(|t| t.inspector().log)>
                    <EventList timeline strings />
                </div>
            </section>
        </details>
    }
}

/// Links, so that a reload keeps the choice.
#[component]
fn SessionChoice(is_own: bool) -> impl IntoView {
    let path = Route::Inspector.path();
    let link = |query: &str, name: Pick, is_current: bool| {
        view! { <li><a href=format!("{path}{query}") aria-current=is_current.then_some("true")>{text(name)}</a></li> }
    };
    view! {
        <nav class="choice" aria-label=text(|t| t.inspector().session)>
            <ul>
                {link("?session=guest", |t| t.inspector().guest, !is_own)}
                {link(OWN_SESSION, |t| t.inspector().own, is_own)}
            </ul>
            <p class="hint">{text(if is_own { |t| t.inspector().own_what } else { |t| t.inspector().guest_what })}</p>
        </nav>
    }
}
