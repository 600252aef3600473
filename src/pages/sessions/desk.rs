//! The list of sessions; ending one, or all others.

use crate::{
    answers,
    api::{Api, use_api},
    arrival::focus_content,
    components::live::{Boxed, notice},
    derived::Derived,
    device::device,
    lang::{Lang, Pick},
    loaded::Loaded,
    problem::{Problem, Say},
    when,
};
use leptos::{prelude::*, task::spawn_local};
use wugan::Request;
use wugan_wire::{Code, SessionItem, routes};

/// The sessions being ended just now, by their ids, and what came of it; `Copy`.
#[derive(Clone, Copy)]
struct Ending {
    api: Api,
    sessions: Loaded,
    ids: RwSignal<Vec<String>>,
    said: RwSignal<Option<(&'static str, Say)>>,
}

pub(super) fn desk() -> AnyView {
    let sessions = Loaded::of(routes::SESSIONS, Derived::of(|| true));
    let ending = Ending { api: use_api(), sessions, ids: RwSignal::new(Vec::new()), said: RwSignal::new(None) };
    let list = sessions.view(move |body, lang| Some(listed(&answers::sessions(body)?, lang, ending)));
    view! { <div class="section">{notice(move || ending.said.get())} {list}</div> }.boxed()
}

impl Ending {
    fn end(self, ids: Vec<String>) {
        let api = self.api;
        if !self.ids.get_untracked().is_empty() {
            return;
        }
        let done: Pick = if ids.len() > 1 { |t| t.sessions.done_all } else { |t| t.sessions.done };
        self.ids.set(ids.clone());
        self.said.set(None);
        spawn_local(async move {
            let mut said = ("notice good", Say::Just(done));
            for id in ids {
                match api.send(Request::delete(format!("{}/{id}", routes::SESSIONS))).await {
                    // Somebody was faster: it has ended all the same.
                    Ok(_) | Err(Problem::Said(Code::NotFound, _)) => {}
                    // What keeps one from ending keeps the rest too; the list shows what is left.
                    Err(problem) => {
                        said = ("notice bad", problem.say());
                        break;
                    }
                }
            }
            // The button that was pressed is about to go with its row.
            if self.ids.try_set(Vec::new()).is_none() {
                focus_content();
            }
            if self.said.try_set(Some(said)).is_none() {
                self.sessions.again();
            }
        });
    }
}

fn listed(list: &[SessionItem], lang: Lang, ending: Ending) -> AnyView {
    let t = lang.texts();
    let this = list.iter().filter(|item| item.current);
    let others = list.iter().filter(|item| !item.current);
    let ids: Vec<String> = others.clone().map(|item| item.id.clone()).collect();
    let below = match ids.len() {
        0 => view! { <p class="hint">{t.sessions.only_this}</p> }.boxed(),
        1 => ().into_any(),
        _ => {
            let label = Derived::of(move || if ending.ids.read().len() > 1 { t.sessions.ending } else { t.sessions.end_others });
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
        let label = Derived::of(move || if ending.ids.read().contains(&same) { t.sessions.ending } else { t.sessions.end });
        // Its name says what goes on, its description whose session it is.
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
