//! How many requests, to which route, and the button that sends them all at once.

use crate::{
    api::{Api, use_api},
    form::Form,
    lang::text,
    problem::{Complaint, Problem},
};
use futures::future::join_all;
use leptos::{ev::SubmitEvent, prelude::*};
use wugan_timeline::UseTimeline;
use wugan_wire::routes;

/// The most that may be sent at once.
const MOST: usize = 1_000;

pub(super) fn burst_form(timeline: UseTimeline) -> AnyView {
    let api = use_api();
    let form = Form::new();
    let count = RwSignal::new("4".to_owned());
    let route = RwSignal::new(routes::GUARDED.to_owned());
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        match count.get_untracked().trim().parse() {
            Ok(count @ 1..=MOST) if !form.busy.get_untracked() => {
                timeline.clear();
                form.send(burst(api, route.get_untracked(), count));
            }
            Ok(1..=MOST) => {}
            _ => form.complain(vec![Complaint { field: Some("requests"), say: |t| t.inspector.too_many }]),
        }
    };
    let wrong = form.wrong(Some("requests"));
    let invalid = Signal::derive(move || wrong.get().map(|_| "true"));
    view! {
        <form class="controls" novalidate on:submit=send>
            <div class="field">
                <label for="requests">{text(|t| t.inspector.requests)}</label>
                <input
                    id="requests"
                    type="number"
                    inputmode="numeric"
                    min="1"
                    max="1000"
                    aria-describedby="requests-wrong"
                    aria-invalid=invalid
                    bind:value=count
                />
            </div>
            <div class="field">
                <label for="route">{text(|t| t.inspector.route)}</label>
                <select id="route" bind:value=route>
                    <option value=routes::GUARDED>{text(|t| t.inspector.route_guarded)}</option>
                    <option value=routes::PUBLIC>{text(|t| t.inspector.route_public)}</option>
                </select>
            </div>
            <button type="submit" class="primary" aria-disabled=form.disabled()>{text(|t| t.inspector.send)}</button>
            <p class="wrong" id="requests-wrong" role="alert">{wrong}</p>
        </form>
    }
    .into_any()
}

/// Sends them all at once. What became of each is in the record; only the connection is looked at here.
async fn burst(api: Api, route: String, count: usize) -> Result<(), Problem> {
    let client = api.client();
    for answer in join_all((0..count).map(|_| client.get(&route))).await {
        if let Err(error) = answer {
            api.heed(error.into());
        }
    }
    Ok(())
}
