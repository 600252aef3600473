//! How many requests, to which route, and the button that sends them all at once.

use crate::{
    api::{Api, use_api},
    components::live::Boxed,
    derived::Derived,
    form::Form,
    lang::text,
    problem::{Complaint, Problem, Say},
};
use futures::{
    FutureExt,
    future::{LocalBoxFuture, join_all},
};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use std::{cell::Cell, time::Duration};
use wugan::Request;
use wugan_timeline::UseTimeline;
use wugan_wire::routes;

/// The most that may be sent at once.
const MOST: usize = 1_000;

/// A browser has six connections to a server (HTTP/1.1): of a thousand requests most wait in a line of our own making, and that is not
/// the server's fault.
pub(super) const DEADLINE: Duration = Duration::from_mins(5);

/// What is to be sent, by one of two buttons, of which the other waits meanwhile; `Copy`.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    form: Form,
    /// The form that sends it twice.
    pub(super) twice: Form,
    count: RwSignal<String>,
    route: RwSignal<String>,
}

impl Plan {
    pub(super) fn new() -> Plan {
        let [form, twice] = [Form::new(), Form::new()];
        Plan { form, twice, count: RwSignal::new("4".to_owned()), route: RwSignal::new(routes::GUARDED.to_owned()) }
    }

    /// Whether either is under way, for `aria-disabled`.
    pub(super) fn busy(self) -> Derived<Option<&'static str>> {
        Derived::of(move || (self.form.busy.get() || self.twice.busy.get()).then_some("true"))
    }

    /// How many, and to which route. None: one is under way, or that number makes no sense, and the field says so.
    pub(super) fn read(self) -> Option<(usize, String)> {
        if self.busy().get_untracked().is_some() {
            return None;
        }
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
    let Plan { form, count, route, .. } = plan;
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some((count, route)) = plan.read() {
            timeline.clear();
            form.send(burst(api, route, count));
        }
    };
    let label = form.label(|t| t.inspector.send, |t| t.inspector.sending);
    let wrong = form.wrong(Some("requests"));
    let invalid = Derived::of(move || wrong.get().map(|_| "true"));
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
            <button type="submit" class="primary" aria-disabled=plan.busy()>{label}</button>
            <p class="wrong" id="requests-wrong" role="alert">{wrong}</p>
        </form>
    }
    .boxed()
}

/// Sends them all at once. What became of each is in the record; only the connection is looked at here, once for all.
pub(super) async fn burst(api: Api, route: String, count: usize) -> Result<(), Problem> {
    let client = api.client();
    let worst = Cell::new(None);
    let one = || async {
        if let Err(error) = client.send(Request::get(&route).deadline(DEADLINE)).await {
            worst.set(Some(Problem::from(error)));
        }
    };
    at_once((0..count).map(|_| one().boxed_local()).collect()).await;
    if let Some(problem) = worst.take() {
        spawn_local(async move { drop(api.heed(problem).await) });
    }
    Ok(())
}

/// Waits for all. Boxed, so that what waits for a thousand is compiled once.
pub(super) async fn at_once(all: Vec<LocalBoxFuture<'_, ()>>) {
    join_all(all).await;
}
