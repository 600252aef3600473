//! The form that sends many requests at once.

use crate::{
    api::{Api, use_api},
    components::live::Boxed,
    derived::Derived,
    form::Form,
    lang::text,
    problem::{FormError, Message, Problem},
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

/// The most requests per burst.
const MAX_REQUESTS: usize = 1_000;

/// A browser opens six connections to a server (HTTP/1.1): of a thousand requests most wait in the browser's queue.
pub(super) const TIMEOUT: Duration = Duration::from_mins(5);

/// What to send. Two buttons send it, and only one at a time; `Copy`.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    form: Form,
    /// The form of the comparison, which sends it twice.
    pub(super) twice: Form,
    count: RwSignal<String>,
    route: RwSignal<String>,
}

impl Plan {
    pub(super) fn new() -> Plan {
        let [form, twice] = [Form::new(), Form::new()];
        Plan { form, twice, count: RwSignal::new("4".to_owned()), route: RwSignal::new(routes::GUARDED.to_owned()) }
    }

    /// Whether either form is busy, for `aria-disabled`.
    pub(super) fn busy(self) -> Derived<Option<&'static str>> {
        Derived::new(move || (self.form.busy.get() || self.twice.busy.get()).then_some("true"))
    }

    /// The number of requests and the route. `None`: a form is busy, or the number is invalid and its field says so.
    pub(super) fn read(self) -> Option<(usize, String)> {
        if self.busy().get_untracked().is_some() {
            return None;
        }
        match self.count.get_untracked().trim().parse() {
            Ok(count @ 1..=MAX_REQUESTS) => Some((count, self.route.get_untracked())),
            _ => {
                self.form.show_errors(vec![FormError { field: Some("requests"), message: Message::Plain(|t| t.inspector.too_many) }]);
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
    let error = form.error(Some("requests"));
    let invalid = Derived::new(move || error.get().map(|_| "true"));
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
            <p class="wrong" id="requests-wrong" role="alert">{error}</p>
        </form>
    }
    .boxed()
}

/// Sends all requests at once. The timeline records the outcomes; the connection is checked once for all failures.
pub(super) async fn burst(api: Api, route: String, count: usize) -> Result<(), Problem> {
    let client = api.client();
    let problem = Cell::new(None);
    let one = || async {
        if let Err(error) = client.send(Request::get(route.clone()).timeout(TIMEOUT)).await {
            problem.set(Some(Problem::from(error)));
        }
    };
    at_once((0..count).map(|_| one().boxed_local()).collect()).await;
    if let Some(problem) = problem.take() {
        spawn_local(async move { drop(api.report(problem).await) });
    }
    Ok(())
}

/// Awaits all futures. Boxed, so that this is compiled once.
pub(super) async fn at_once(all: Vec<LocalBoxFuture<'_, ()>>) {
    join_all(all).await;
}
