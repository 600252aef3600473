//! `/inspector`: a demonstration of the shared refresh that needs no account, and below it a section with controls that simulate failures.

mod burst;
mod claims;
mod comparison;
mod demonstration;
mod export;
mod failure_simulation;
mod failures;
mod guest_accounts;
mod inspected_session;
mod jobs;
mod lifetime;
mod naive;
mod numbers;
mod requests;
mod simulation;

use self::{demonstration::Demonstration, failure_simulation::FailureSimulation, inspected_session::InspectedSession, jobs::Jobs};
use crate::{
    components::page::PageHead,
    connection::use_connection,
    lang::{Lang, use_lang},
    route::{OWN_SESSION, use_router},
};
use leptos::prelude::*;
use wugan::leptos::use_session;
use wugan_timeline::Strings;

pub(crate) fn page() -> AnyView {
    let (lang, connection) = (use_lang(), use_connection());
    InspectedSession::delete_abandoned_guests();
    let guest = match InspectedSession::guest(connection) {
        Ok(guest) => StoredValue::new_local(guest),
        // Only a page without an origin has no client, and no inspector either.
        Err(error) => return error.to_string().into_any(),
    };
    let hidden = window_event_listener_untyped("pagehide", move |_| guest.with_value(InspectedSession::delete));
    let shown = window_event_listener_untyped("pageshow", move |_| guest.with_value(InspectedSession::reopen));
    on_cleanup(move || {
        hidden.remove();
        shown.remove();
        guest.with_value(InspectedSession::delete);
    });
    let is_own = use_router().query() == OWN_SESSION;
    let inspected = if is_own { StoredValue::new_local(InspectedSession::own(use_session().client(), connection)) } else { guest };
    let strings = Signal::derive(move || match lang.get() {
        Lang::En => Strings::EN,
        Lang::Zh => Strings::ZH,
    });
    let jobs = Jobs::new();
    view! {
        <PageHead heading=|t| t.titles().inspector below=|t| t.titles().inspector_what />
        <Demonstration guest jobs strings />
        <FailureSimulation inspected is_own jobs strings />
    }
    .into_any()
}
