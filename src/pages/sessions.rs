//! `/sessions`: everywhere I am signed in; ending one, or all others.

use crate::{
    api::use_api,
    arrival::Page,
    connection::use_connection,
    device::device,
    lang::{Lang, Pick, text, use_lang},
    problem::Problem,
    when,
};
use leptos::{prelude::*, task::spawn_local};
use wugan::Request;
use wugan_wire::{Code, SessionItem, routes};

#[component]
pub(crate) fn Sessions() -> impl IntoView {
    let (api, connection, lang) = (use_api(), use_connection(), use_lang());
    let changes = RwSignal::new(0_u32);
    // What is being ended just now, and what came of the last time.
    let ending = RwSignal::new(Vec::<String>::new());
    let said = RwSignal::new(None::<(bool, Pick)>);
    let sessions = LocalResource::new(move || {
        connection.returns();
        changes.track();
        async move { Ok::<Vec<SessionItem>, Problem>(api.send(Request::get(routes::SESSIONS)).await?.json().await?) }
    });
    let end = move |ids: Vec<String>| {
        if !ending.get_untracked().is_empty() {
            return;
        }
        let all = ids.len() > 1;
        ending.set(ids.clone());
        said.set(None);
        spawn_local(async move {
            let mut result = Ok(());
            for id in ids {
                match api.send(Request::delete(format!("{}/{id}", routes::SESSIONS))).await {
                    // Somebody was faster: it has ended all the same.
                    Ok(_) | Err(Problem::Said(Code::NotFound, _)) => {}
                    Err(problem) => result = Err(problem),
                }
            }
            ending.try_set(Vec::new());
            changes.try_update(|changes| *changes += 1);
            let done: Pick = if all { |t| t.sessions.done_all } else { |t| t.sessions.done };
            said.try_set(Some(result.map_or_else(|problem| (false, problem.say()), |()| (true, done))));
        });
    };
    let list = move || {
        let t = lang.get().texts();
        match sessions.get() {
            None => view! { <p class="answer waits">{t.shell.loading}</p> }.into_any(),
            Some(Err(problem)) => view! { <p class="notice bad">{problem.say()(t)}</p> }.into_any(),
            Some(Ok(list)) => listed(list, lang.get(), ending, end),
        }
    };
    let answer =
        move || said.get().map(|(good, say)| view! { <p class="notice" class:good=good class:bad=!good>{say(lang.get().texts())}</p> });
    view! {
        <Page title=|t| t.sessions.title>
            <div class="head">
                <h1>{text(|t| t.sessions.title)}</h1>
                <p>{text(|t| t.sessions.what)}</p>
            </div>
            <div class="section">
                <div role="status">{answer}</div>
                {list}
            </div>
        </Page>
    }
}

fn listed(mut list: Vec<SessionItem>, lang: Lang, ending: RwSignal<Vec<String>>, end: impl Fn(Vec<String>) + Copy + 'static) -> AnyView {
    let t = lang.texts();
    // This device first, then what was used last: times in UTC sort as text.
    list.sort_by(|a, b| b.current.cmp(&a.current).then_with(|| b.last_used_at.cmp(&a.last_used_at)));
    let others: Vec<String> = list.iter().filter(|item| !item.current).map(|item| item.id.clone()).collect();
    let alone = others.is_empty().then(|| view! { <p class="hint">{t.sessions.only_this}</p> });
    let all = (others.len() > 1).then(|| {
        view! {
            <div class="buttons">
                <button type="button" class="danger" on:click=move |_| end(others.clone())>{t.sessions.end_others}</button>
            </div>
        }
    });
    let rows = list.into_iter().map(|item| row(item, lang, ending, end)).collect_view();
    view! { <ul class="rows" data-testid="sessions">{rows}</ul> {alone} {all} }.into_any()
}

fn row(item: SessionItem, lang: Lang, ending: RwSignal<Vec<String>>, end: impl Fn(Vec<String>) + Copy + 'static) -> AnyView {
    let t = lang.texts();
    let name = match device(item.user_agent.as_deref().unwrap_or_default()) {
        (Some(browser), Some(system)) => (t.sessions.on)(browser, system),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => t.sessions.unknown.to_owned(),
    };
    let used = (t.sessions.used)(&when::ago(&item.last_used_at, lang));
    let since = (t.sessions.since)(&when::date(&item.created_at, lang));
    let badge = item.current.then(|| view! { <span class="badge">{t.sessions.this}</span> });
    let button = (!item.current).then(|| {
        let id = item.id.clone();
        let is_ending = move || ending.read().contains(&id);
        let id = item.id.clone();
        let label = format!("{} {name}", t.sessions.end);
        view! {
            <button type="button" class="small danger" aria-label=label on:click=move |_| end(vec![id.clone()])>
                {move || if is_ending() { t.sessions.ending } else { t.sessions.end }}
            </button>
        }
    });
    view! {
        <li>
            <div>
                <p><strong>{name}</strong> {badge}</p>
                <p class="hint">{used} " · " {since} {item.ip.map(|ip| format!(" · {ip}"))}</p>
            </div>
            {button}
        </li>
    }
    .into_any()
}
