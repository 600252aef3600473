//! The demonstration: twenty requests with an expired access token, with this library and the naive way, at the press of one button.

use super::{
    burst::burst,
    comparison::Comparison,
    inspected_session::InspectedSession,
    jobs::{Job, Jobs},
    naive,
};
use crate::{connection::use_connection, lang::use_lang, problem::Problem};
use leptos::prelude::*;
use std::{cell::RefCell, rc::Rc};
use wugan::{Event, Outcome, TimedEvent};
use wugan_timeline::{Strings, UseTimeline};
use wugan_wire::routes;

const REQUESTS: usize = 20;
const WARM_UP_REQUESTS: usize = 3;

/// The recorded events of the two runs; `Copy`.
#[derive(Clone, Copy)]
struct Runs {
    ours: UseTimeline,
    naive: UseTimeline,
}

#[component]
pub(super) fn Demonstration(
    guest: StoredValue<InspectedSession, LocalStorage>,
    jobs: Jobs,
    strings: Signal<&'static Strings>,
) -> impl IntoView {
    let lang = use_lang();
    let runs = Runs { ours: UseTimeline::detached(), naive: UseTimeline::detached() };
    let problem = RwSignal::new(None::<Problem>);
    let connection = use_connection();
    // The message is out of date when the server is back.
    Effect::new(move || {
        connection.track_retries();
        problem.set(None);
    });
    let run = move |_| {
        let guest = guest.get_value();
        jobs.start(Job::Demonstration, async move {
            problem.set(None);
            problem.try_set(demonstrate(guest, runs).await.err());
        });
    };
    let label = move || {
        let t = lang.get().inspector();
        if jobs.is_running(Job::Demonstration) { t.running } else { t.run }
    };
    let error = move || problem.get().map(|problem| problem.message().text(lang.get()));
    view! {
        <section class="stack" data-testid="demonstration">
            <div class="buttons">
                <button type="button" class="primary" aria-disabled=move || jobs.disabled() on:click=run>{label}</button>
            </div>
            <p class="wrong" role="alert">{error}</p>
            <Comparison ours=runs.ours naive=runs.naive strings />
        </section>
    }
}

/// Runs both ways, one after the other, so that they do not compete for connections. Before each measured burst, a small one warms up: a
/// browser compiles code when it is first used, and opens its connections to the server. Nothing is drawn unless both ways have got answers.
async fn demonstrate(guest: InspectedSession, runs: Runs) -> Result<(), Problem> {
    runs.ours.clear();
    runs.naive.clear();
    guest.sign_in().await?;
    let session = guest.client().session();
    session.corrupt_access_token();
    let _ = burst(&guest, routes::GUARDED, WARM_UP_REQUESTS).await;
    // The server may have ended the session, which the page finds out by a request.
    guest.sign_in().await?;
    session.corrupt_access_token();
    // Drawn at the end, because drawing would delay the responses.
    let ours = Rc::new(RefCell::new(Vec::new()));
    let recorded = ours.clone();
    let recording = session.on_event(move |timed| recorded.borrow_mut().push(timed.clone()));
    burst(&guest, routes::GUARDED, REQUESTS).await?;
    drop(recording);
    // Without an account, the page has been closed.
    let Some(account) = guest.account() else { return Ok(()) };
    let tokens = naive::sign_in(&account).await?;
    naive::burst(tokens.clone(), routes::GUARDED, WARM_UP_REQUESTS).await;
    let naive = naive::burst(tokens, routes::GUARDED, REQUESTS).await;
    let is_unanswered = |timed: &TimedEvent| matches!(timed.event, Event::Settled { outcome: Outcome::Failed(_), .. });
    if naive.iter().any(is_unanswered) {
        return Err(guest.connection().report(Problem::Unreachable).await);
    }
    ours.borrow().iter().for_each(|timed| runs.ours.push(timed));
    naive.iter().for_each(|timed| runs.naive.push(timed));
    Ok(())
}
