//! Making trouble on purpose: spoiled tokens, no network, a wrong clock, a session that the server has ended.

use crate::{
    answers,
    api::{Api, use_api},
    components::live::{Boxed, button},
    derived::Derived,
    form::Form,
    lang::{Pick, text, use_lang},
    problem::{Problem, Say},
    sabotage::Sabotage,
};
use leptos::prelude::*;
use wugan::Request;
use wugan_wire::routes;

pub(super) fn trouble() -> AnyView {
    let (api, lang) = (use_api(), use_lang());
    let said = RwSignal::new(None::<Say>);
    let (offline, clock) = (RwSignal::new(false), RwSignal::new(false));
    let ending = Form::new();
    let end = move || {
        ending.send(async move {
            end_on_server(api, said).await;
            Ok(())
        });
    };
    let sabotage = StoredValue::new_local(Sabotage::default());
    let spoil_access = move || {
        api.client().session().spoil_access_token();
        said.set(Some(Say::Just(|t| t.inspector.spoiled_access)));
    };
    let spoil_refresh = move || {
        api.client().session().spoil_refresh_token();
        said.set(Some(Say::Just(|t| t.inspector.spoiled_refresh)));
    };
    let cut = move |off| {
        sabotage.update_value(|sabotage| sabotage.network(off));
        said.set(Some(Say::Just(if off { |t| t.inspector.offline_on } else { |t| t.inspector.offline_off })));
    };
    let turn = move |wrong| {
        sabotage.update_value(|sabotage| sabotage.clock(wrong));
        said.set(Some(Say::Just(if wrong { |t| t.inspector.clock_on } else { |t| t.inspector.clock_off })));
    };
    let words = Derived::of(move || said.get().map(|say| say.words(lang.get())));
    view! {
        <section class="trouble">
            <h2>{text(|t| t.inspector.trouble)}</h2>
            <p class="hint">{text(|t| t.inspector.trouble_what)}</p>
            <div class="buttons">
                {button("small", |t| t.inspector.spoil_access, spoil_access)}
                {button("small", |t| t.inspector.spoil_refresh, spoil_refresh)}
                {toggle(offline, |t| t.inspector.offline, cut)}
                {toggle(clock, |t| t.inspector.clock, turn)}
                {button("small", |t| t.inspector.end, end)}
            </div>
            <p class="said" role="status">{words}</p>
        </section>
    }
    .boxed()
}

/// A button that stays pressed.
fn toggle(on: RwSignal<bool>, label: Pick, press: impl Fn(bool) + 'static) -> AnyView {
    let press: Box<dyn Fn(bool)> = Box::new(press);
    let pressed = Derived::of(move || if on.get() { "true" } else { "false" });
    let turn = move |_| {
        on.update(|on| *on = !*on);
        press(on.get_untracked());
    };
    view! { <button type="button" class="small" aria-pressed=pressed on:click=turn>{text(label)}</button> }.boxed()
}

/// Ends this very session as if from another device: this page is not told.
async fn end_on_server(api: Api, said: RwSignal<Option<Say>>) {
    said.set(Some(Say::Just(|t| t.sessions.ending)));
    let done = async {
        let body = api.send(Request::get(routes::SESSIONS)).await?.text().await?;
        let sessions = answers::sessions(&body).ok_or(Problem::Odd)?;
        for this in sessions.iter().filter(|item| item.current) {
            api.send(Request::delete(format!("{}/{}", routes::SESSIONS, this.id))).await?;
        }
        Ok::<(), Problem>(())
    };
    let say = match done.await {
        Ok(()) => Say::Just(|t| t.inspector.ended),
        Err(problem) => problem.say(),
    };
    said.try_set(Some(say));
}
