//! Buttons that cause failures: invalid tokens, no network, a wrong clock, a session ended by the server.

use crate::{
    answers,
    api::{Api, use_api},
    components::live::{Boxed, button},
    derived::Derived,
    form::Form,
    lang::{Pick, text, use_lang},
    problem::{Message, Problem},
    sabotage::Sabotage,
};
use leptos::prelude::*;
use wugan::Request;
use wugan_wire::routes;

pub(super) fn trouble() -> AnyView {
    let (api, lang) = (use_api(), use_lang());
    let status = RwSignal::new(None::<Message>);
    let (offline, clock) = (RwSignal::new(false), RwSignal::new(false));
    let ending = Form::new();
    let end = move || {
        ending.send(async move {
            end_on_server(api, status).await;
            Ok(())
        });
    };
    let sabotage = StoredValue::new_local(Sabotage::default());
    let corrupt_access = move || {
        api.client().session().corrupt_access_token();
        status.set(Some(Message::Plain(|t| t.inspector.corrupted_access)));
    };
    let corrupt_refresh = move || {
        api.client().session().corrupt_refresh_token();
        status.set(Some(Message::Plain(|t| t.inspector.corrupted_refresh)));
    };
    let set_offline = move |off| {
        sabotage.update_value(|sabotage| sabotage.network(off));
        status.set(Some(Message::Plain(if off { |t| t.inspector.offline_on } else { |t| t.inspector.offline_off })));
    };
    let set_clock = move |wrong| {
        sabotage.update_value(|sabotage| sabotage.clock(wrong));
        status.set(Some(Message::Plain(if wrong { |t| t.inspector.clock_on } else { |t| t.inspector.clock_off })));
    };
    let status_text = Derived::new(move || status.get().map(|message| message.text(lang.get())));
    view! {
        <section class="trouble">
            <h2>{text(|t| t.inspector.trouble)}</h2>
            <p class="hint">{text(|t| t.inspector.trouble_what)}</p>
            <div class="buttons">
                {button("small", |t| t.inspector.corrupt_access, corrupt_access)}
                {button("small", |t| t.inspector.corrupt_refresh, corrupt_refresh)}
                {toggle(offline, |t| t.inspector.offline, set_offline)}
                {toggle(clock, |t| t.inspector.clock, set_clock)}
                {button("small", |t| t.inspector.end, end)}
            </div>
            <p class="said" role="status">{status_text}</p>
        </section>
    }
    .boxed()
}

/// A toggle button.
fn toggle(on: RwSignal<bool>, label: Pick, press: impl Fn(bool) + 'static) -> AnyView {
    let press: Box<dyn Fn(bool)> = Box::new(press);
    let pressed = Derived::new(move || if on.get() { "true" } else { "false" });
    let toggle = move |_| {
        on.update(|on| *on = !*on);
        press(on.get_untracked());
    };
    view! { <button type="button" class="small" aria-pressed=pressed on:click=toggle>{text(label)}</button> }.boxed()
}

/// Ends this session as another device would: the page is not notified.
async fn end_on_server(api: Api, status: RwSignal<Option<Message>>) {
    status.set(Some(Message::Plain(|t| t.sessions.ending)));
    let done = async {
        let body = api.send(Request::get(routes::SESSIONS)).await?.text().await?;
        let sessions = answers::sessions(&body).ok_or(Problem::Unexpected)?;
        for this in sessions.iter().filter(|item| item.current) {
            api.send(Request::delete(format!("{}/{}", routes::SESSIONS, this.id))).await?;
        }
        Ok::<(), Problem>(())
    };
    let message = match done.await {
        Ok(()) => Message::Plain(|t| t.inspector.ended),
        Err(problem) => problem.message(),
    };
    status.try_set(Some(message));
}
