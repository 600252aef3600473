//! Making trouble on purpose: spoiled tokens, no network, a wrong clock, a session that the server has ended.

use crate::{
    api::use_api,
    lang::{Pick, text, use_lang},
    sabotage::Sabotage,
};
use leptos::{prelude::*, task::spawn_local};
use wugan::{Request, leptos::use_session};
use wugan_wire::{SessionItem, routes};

#[component]
pub(super) fn Trouble() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    let said = RwSignal::new(None::<Pick>);
    let (offline, clock) = (RwSignal::new(false), RwSignal::new(false));
    let sabotage = StoredValue::new_local(Sabotage::default());
    let spoil_access = move |_| {
        session.client().session().spoil_access_token();
        said.set(Some(|t| t.inspector.spoiled_access));
    };
    let spoil_refresh = move |_| {
        session.client().session().spoil_refresh_token();
        said.set(Some(|t| t.inspector.spoiled_refresh));
    };
    let go_offline = move |_| {
        offline.update(|offline| *offline = !*offline);
        sabotage.update_value(|sabotage| sabotage.network(offline.get_untracked()));
        said.set(Some(if offline.get_untracked() { |t| t.inspector.offline_on } else { |t| t.inspector.offline_off }));
    };
    let turn_clock = move |_| {
        clock.update(|clock| *clock = !*clock);
        sabotage.update_value(|sabotage| sabotage.clock(clock.get_untracked()));
        said.set(Some(if clock.get_untracked() { |t| t.inspector.clock_on } else { |t| t.inspector.clock_off }));
    };
    let end = end_on_server(said);
    view! {
        <section class="trouble">
            <h2>{text(|t| t.inspector.trouble)}</h2>
            <p class="hint">{text(|t| t.inspector.trouble_what)}</p>
            <div class="buttons">
                <button type="button" class="small" on:click=spoil_access>{text(|t| t.inspector.spoil_access)}</button>
                <button type="button" class="small" on:click=spoil_refresh>{text(|t| t.inspector.spoil_refresh)}</button>
                <button type="button" class="small" aria-pressed=move || offline.get().to_string() on:click=go_offline>
                    {text(|t| t.inspector.offline)}
                </button>
                <button type="button" class="small" aria-pressed=move || clock.get().to_string() on:click=turn_clock>
                    {text(|t| t.inspector.clock)}
                </button>
                <button type="button" class="small" on:click=end>{text(|t| t.inspector.end)}</button>
            </div>
            <p class="said" role="status">{move || said.get().map(|say| say(lang.get().texts()))}</p>
        </section>
    }
}

/// Ends this very session as if from another device: this page is not told.
fn end_on_server(said: RwSignal<Option<Pick>>) -> impl Fn(leptos::ev::MouseEvent) {
    let api = use_api();
    move |_| {
        spawn_local(async move {
            let done = async {
                let sessions: Vec<SessionItem> = api.send(Request::get(routes::SESSIONS)).await?.json().await?;
                for this in sessions.iter().filter(|item| item.current) {
                    api.send(Request::delete(format!("{}/{}", routes::SESSIONS, this.id))).await?;
                }
                Ok(())
            };
            let say: Pick = match done.await {
                Ok(()) => |t| t.inspector.ended,
                Err::<(), crate::problem::Problem>(problem) => problem.say(),
            };
            said.try_set(Some(say));
        });
    }
}
