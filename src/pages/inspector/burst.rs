//! How many requests, to which route, and the button that sends them all at once.

use crate::{
    api::{Api, use_api},
    components::live::Boxed,
    form::Form,
    lang::text,
    problem::{Complaint, Problem, Say},
};
use futures::future::join_all;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use std::time::Duration;
use wugan::Request;
use wugan_timeline::UseTimeline;
use wugan_wire::routes;

/// The most that may be sent at once.
const MOST: usize = 1_000;

/// A browser has six connections to a server (HTTP/1.1): of a thousand requests most wait in a line of our own making, and that is not
/// the server's fault.
const DEADLINE: Duration = Duration::from_mins(5);

/// What is to be sent; `Copy`.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) form: Form,
    count: RwSignal<String>,
    route: RwSignal<String>,
}

impl Plan {
    pub(super) fn new() -> Plan {
        Plan { form: Form::new(), count: RwSignal::new("4".to_owned()), route: RwSignal::new(routes::GUARDED.to_owned()) }
    }

    /// How many, and to which route; None, and a complaint at the field, if that number makes no sense.
    pub(super) fn read(self) -> Option<(usize, String)> {
        match self.count.get_untracked().trim().parse() {
            Ok(count @ 1..=MOST) => Some((count, self.route.get_untracked())),
            _ => {
                self.form.complain(vec![Complaint { field: Some("requests"), say: Say::Just(|t| t.inspector.too_many) }]);
                None
            }
        }
    }
}

pub(super) fn burst_form(plan: Plan, timeline: UseTimeline) -> AnyView {
    let api = use_api();
    let Plan { form, count, route } = plan;
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        if form.busy.get_untracked() {
            return;
        }
        if let Some((count, route)) = plan.read() {
            timeline.clear();
            form.send(burst(api, route, count));
        }
    };
    let label = form.label(|t| t.inspector.send, |t| t.inspector.sending);
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
            <button type="submit" class="primary" aria-disabled=form.disabled()>{label}</button>
            <p class="wrong" id="requests-wrong" role="alert">{wrong}</p>
        </form>
    }
    .boxed()
}

/// Sends them all at once. What became of each is in the record; only the connection is looked at here, once for all.
pub(super) async fn burst(api: Api, route: String, count: usize) -> Result<(), Problem> {
    let client = api.client();
    let one = || client.send(Request::get(&route).deadline(DEADLINE));
    let answers = join_all((0..count).map(|_| one())).await;
    if let Some(error) = answers.into_iter().find_map(Result::err) {
        spawn_local(async move { drop(api.heed(error.into()).await) });
    }
    Ok(())
}
