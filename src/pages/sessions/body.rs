//! The content of `/sessions`: the list; ending one session, or all others.

use crate::{
    answers,
    api::{Api, use_api},
    arrival::focus_content,
    components::live::{Boxed, notice},
    derived::Derived,
    device::device,
    lang::{Lang, Pick},
    loaded::Loaded,
    problem::{Message, Problem},
    when,
};
use leptos::{prelude::*, task::spawn_local};
use wugan::Request;
use wugan_wire::{Code, SessionItem, routes};

/// The sessions that are being ended, by id, and the result; `Copy`.
#[derive(Clone, Copy)]
struct Ending {
    api: Api,
    sessions: Loaded,
    ids: RwSignal<Vec<String>>,
    result: RwSignal<Option<(&'static str, Message)>>,
}

pub(super) fn body() -> AnyView {
    let sessions = Loaded::new(routes::SESSIONS, Derived::new(|| true));
    let ending = Ending { api: use_api(), sessions, ids: RwSignal::new(Vec::new()), result: RwSignal::new(None) };
    let list = sessions.view(move |body, lang| Some(session_list(&answers::sessions(body)?, lang, ending)));
    view! { <div class="section">{notice(move || ending.result.get())} {list}</div> }.boxed()
}

impl Ending {
    fn end(self, ids: Vec<String>) {
        let api = self.api;
        if !self.ids.get_untracked().is_empty() {
            return;
        }
        let done: Pick = if ids.len() > 1 { |t| t.sessions.done_all } else { |t| t.sessions.done };
        self.ids.set(ids.clone());
        self.result.set(None);
        spawn_local(async move {
            let mut result = ("notice good", Message::Plain(done));
            for id in ids {
                match api.send(Request::delete(format!("{}/{id}", routes::SESSIONS))).await {
                    // It had ended already.
                    Ok(_) | Err(Problem::Refused(Code::NotFound, _)) => {}
                    // Stop at the first failure; the list shows which sessions are left.
                    Err(problem) => {
                        result = ("notice bad", problem.message());
                        break;
                    }
                }
            }
            // The focused button is removed with its row.
            if self.ids.try_set(Vec::new()).is_none() {
                focus_content();
            }
            if self.result.try_set(Some(result)).is_none() {
                self.sessions.reload();
            }
        });
    }
}

fn session_list(list: &[SessionItem], lang: Lang, ending: Ending) -> AnyView {
    let t = lang.texts();
    let this = list.iter().filter(|item| item.current);
    let others = list.iter().filter(|item| !item.current);
    let ids: Vec<String> = others.clone().map(|item| item.id.clone()).collect();
    let below = match ids.len() {
        0 => view! { <p class="hint">{t.sessions.only_this}</p> }.boxed(),
        1 => ().into_any(),
        _ => {
            let label = Derived::new(move || if ending.ids.read().len() > 1 { t.sessions.ending } else { t.sessions.end_others });
            view! { <div class="buttons"><button type="button" class="danger" on:click=move |_| ending.end(ids.clone())>{label}</button></div> }.boxed()
        }
    };
    let rows: Vec<AnyView> = this.chain(others).map(|item| row(item, lang, ending)).collect();
    view! { <ul class="rows" data-testid="sessions">{rows}</ul> {below} }.boxed()
}

fn row(item: &SessionItem, lang: Lang, ending: Ending) -> AnyView {
    let t = lang.texts();
    let name = match device(item.user_agent.as_deref().unwrap_or_default()) {
        (Some(browser), Some(system)) => (t.sessions.on)(browser, system),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => t.sessions.unknown.to_owned(),
    };
    let mut facts = vec![(t.sessions.used)(&when::ago(&item.last_used_at, lang)), (t.sessions.since)(&when::date(&item.created_at, lang))];
    facts.extend(item.ip.clone());
    let of = format!("session-{}", item.id);
    let end = if item.current {
        view! { <span class="badge">{t.sessions.this}</span> }.boxed()
    } else {
        let (id, same) = (item.id.clone(), item.id.clone());
        let label = Derived::new(move || if ending.ids.read().contains(&same) { t.sessions.ending } else { t.sessions.end });
        // The name says what the button does, the description which session.
        view! {
            <button type="button" class="small danger" aria-describedby=of.clone() on:click=move |_| ending.end(vec![id.clone()])>
                {label}
            </button>
        }
        .boxed()
    };
    view! {
        <li>
            <div>
                <p id=of><strong>{name}</strong></p>
                <p class="hint">{facts.join(" · ")}</p>
            </div>
            {end}
        </li>
    }
    .boxed()
}
