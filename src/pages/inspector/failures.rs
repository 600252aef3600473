//! Buttons that cause failures: invalid tokens, no network, a wrong clock, a session ended by the server.

use super::{
    inspected_session::InspectedSession,
    jobs::{Job, Jobs},
    simulation::Simulation,
};
use crate::{
    api::send,
    lang::{Pick, text, use_lang},
    problem::{Message, Problem},
    responses,
};
use leptos::{ev::MouseEvent, prelude::*};
use wugan::{Client, Request};
use wugan_wire::routes;

#[component]
pub(super) fn Failures(
    inspected: StoredValue<InspectedSession, LocalStorage>,
    jobs: Jobs,
    status: RwSignal<Option<Message>>,
) -> impl IntoView {
    let lang = use_lang();
    let (offline, clock) = (RwSignal::new(false), RwSignal::new(false));
    let simulation = StoredValue::new_local(Simulation::default());
    let invalidate_access = move |_| {
        fail(
            inspected,
            jobs,
            status,
            |t| t.inspector().access_invalidated,
            async |client: Client| {
                client.session().corrupt_access_token();
                Ok(())
            },
        );
    };
    let invalidate_refresh = move |_| {
        fail(
            inspected,
            jobs,
            status,
            |t| t.inspector().refresh_invalidated,
            async |client: Client| {
                client.session().corrupt_refresh_token();
                Ok(())
            },
        );
    };
    let revoke = move |_| fail(inspected, jobs, status, |t| t.inspector().session_revoked, revoke_on_server);
    let set_offline = move |off| {
        simulation.update_value(|simulation| simulation.network(off));
        status.set(Some(Message::Plain(if off { |t| t.inspector().offline_on } else { |t| t.inspector().offline_off })));
    };
    let set_clock = move |wrong| {
        simulation.update_value(|simulation| simulation.clock(wrong));
        status.set(Some(Message::Plain(if wrong { |t| t.inspector().clock_on } else { |t| t.inspector().clock_off })));
    };
    view! {
        <div class="buttons">
            <JobButton jobs label=|t| t.inspector().invalidate_access on_press=invalidate_access />
            <JobButton jobs label=|t| t.inspector().invalidate_refresh on_press=invalidate_refresh />
            <Toggle on=offline label=|t| t.inspector().offline on_change=set_offline />
            <Toggle on=clock label=|t| t.inspector().clock on_change=set_clock />
            <JobButton jobs label=|t| t.inspector().end on_press=revoke />
        </div>
        <p class="said" role="status">{move || status.get().map(|message| message.text(lang.get()))}</p>
    }
}

/// Causes a failure in a session, and says what it did.
fn fail(
    inspected: StoredValue<InspectedSession, LocalStorage>,
    jobs: Jobs,
    status: RwSignal<Option<Message>>,
    done: Pick,
    cause: impl AsyncFnOnce(Client) -> Result<(), Problem> + 'static,
) {
    let inspected = inspected.get_value();
    jobs.start(Job::Failure, async move {
        status.set(None);
        let caused = match inspected.sign_in().await {
            Ok(()) => cause(inspected.client().clone()).await,
            Err(problem) => Err(problem),
        };
        status.try_set(Some(caused.map_or_else(|problem| problem.message(), |()| Message::Plain(done))));
    });
}

#[component]
fn JobButton(jobs: Jobs, label: Pick, on_press: impl Fn(MouseEvent) + 'static) -> impl IntoView {
    view! { <button type="button" class="small" aria-disabled=move || jobs.disabled() on:click=on_press>{text(label)}</button> }
}

#[component]
fn Toggle(on: RwSignal<bool>, label: Pick, on_change: impl Fn(bool) + 'static) -> impl IntoView {
    let press = move |_| {
        on.update(|on| *on = !*on);
        on_change(on.get_untracked());
    };
    let pressed = move || if on.get() { "true" } else { "false" };
    view! { <button type="button" class="small" aria-pressed=pressed on:click=press>{text(label)}</button> }
}

/// Ends a session as another device would: the page is not notified.
async fn revoke_on_server(client: Client) -> Result<(), Problem> {
    let body = send(&client, Request::get(routes::SESSIONS)).await?.text().await?;
    let sessions = responses::sessions(&body).ok_or(Problem::Unexpected)?;
    for this in sessions.iter().filter(|item| item.current) {
        send(&client, Request::delete(format!("{}/{}", routes::SESSIONS, this.id))).await?;
    }
    Ok(())
}
