//! `/sessions`: the devices on which the account is signed in; signing out one of them, or all others.

use crate::{
    api::use_api,
    components::{
        notice::Notice,
        page::{PageHead, focus_content},
    },
    connection::use_connection,
    device::device,
    lang::{Lang, text, use_lang},
    loaded::{loaded, use_data},
    problem::{Message, Problem},
    responses, when,
};
use leptos::{html, prelude::*};
use wugan::{
    Request,
    leptos::{UseSessionActionOptions, UseSessionActionReturn, use_session_action_with_options},
};
use wugan_wire::{Code, SessionItem, routes};

/// Ends sessions, given by their ids.
type End = UseSessionActionReturn<Vec<String>, bool, Problem>;

/// What the rows share; `Copy`.
#[derive(Clone, Copy)]
struct Ending {
    action: End,
    /// The sessions that are being ended.
    ids: RwSignal<Vec<String>>,
    notice: RwSignal<Option<(&'static str, Message)>>,
}

impl Ending {
    fn end(self, ids: Vec<String>) {
        if self.ids.read_untracked().is_empty() {
            self.notice.set(None);
            self.ids.set(ids.clone());
            self.action.dispatch(ids);
        }
    }
}

pub(crate) fn page() -> AnyView {
    let api = use_api();
    let sessions = use_data(routes::SESSIONS);
    let once = UseSessionActionOptions::default().resume(false);
    let action = use_session_action_with_options(once, move |_, mut ids: Vec<String>| async move {
        let are_all = ids.len() > 1;
        while !ids.is_empty() {
            for id in ids.drain(..) {
                match api.send(Request::delete(format!("{}/{id}", routes::SESSIONS))).await {
                    // It had ended already.
                    Ok(_) | Err(Problem::Refused(Code::NotFound, _)) => {}
                    // Stop at the first failure; the list shows which sessions are left.
                    Err(problem) => return Err(problem),
                }
            }
            if are_all {
                // A device may have signed in since the list was loaded.
                let list = responses::sessions(&api.load(routes::SESSIONS).await?).ok_or(Problem::Unexpected)?;
                ids.extend(list.into_iter().filter(|item| !item.current).map(|item| item.id));
            }
        }
        Ok(are_all)
    });
    let ending = Ending { action, ids: RwSignal::new(Vec::new()), notice: RwSignal::new(None) };
    // The notice of a failure is out of date when the server is back.
    let connection = use_connection();
    Effect::new(move || {
        connection.track_retries();
        ending.notice.set(None);
    });
    Effect::new(move || {
        let Some(result) = action.value.get() else { return };
        ending.ids.set(Vec::new());
        let done = |are_all| Message::Plain(if are_all { |t| t.sessions().done_all } else { |t| t.sessions().done });
        ending.notice.set(Some(result.map_or_else(|problem| ("notice bad", problem.message()), |are_all| ("notice good", done(are_all)))));
        // The focused button is removed with its row.
        focus_content();
        sessions.refetch();
    });
    let list = loaded(sessions, responses::sessions, move |list| view! { <Devices list ending /> }.into_any());
    view! {
        <PageHead heading=|t| t.titles().sessions below=|t| t.sessions().what />
        <div class="section"><Notice content=move || ending.notice.get() /> {list}</div>
    }
    .into_any()
}

#[component]
fn Devices(list: Vec<SessionItem>, ending: Ending) -> impl IntoView {
    let (this, others): (Vec<_>, Vec<_>) = list.into_iter().partition(|item| item.current);
    let ids: Vec<String> = others.iter().map(|item| item.id.clone()).collect();
    let below = match ids.len() {
        0 => view! { <p class="hint">{text(|t| t.sessions().only_this)}</p> }.into_any(),
        1 => ().into_any(),
        _ => view! { <EndOthers ids ending /> }.into_any(),
    };
    let rows = this.into_iter().chain(others).map(|item| view! { <Device item ending /> }).collect_view();
    view! { <ul class="rows" data-testid="sessions">{rows}</ul> {below} }
}

/// Signs out all other devices, after a question.
#[component]
fn EndOthers(ids: Vec<String>, ending: Ending) -> impl IntoView {
    let lang = use_lang();
    let confirming = RwSignal::new(false);
    let question = NodeRef::<html::P>::new();
    let start = NodeRef::<html::Button>::new();
    // The button that had the focus is gone: focus what replaced it.
    Effect::new(move || {
        if let Some(question) = question.get() {
            let _ = question.focus();
        }
    });
    Effect::new(move |was_confirming: Option<bool>| {
        if let Some(start) = start.get()
            && was_confirming == Some(true)
        {
            let _ = start.focus();
        }
        confirming.get()
    });
    let content = move || {
        if !confirming.get() {
            return view! {
                <button type="button" class="danger" node_ref=start on:click=move |_| confirming.set(true)>
                    {text(|t| t.sessions().end_others)}
                </button>
            }
            .into_any();
        }
        let (count, ids) = (ids.len(), ids.clone());
        let label = move || {
            let t = lang.get().sessions();
            if ending.ids.read().len() > 1 { t.ending } else { t.end_others_do }
        };
        view! {
            <p tabindex="-1" node_ref=question>{move || (lang.get().sessions().end_others_sure)(count)}</p>
            <button type="button" class="danger" on:click=move |_| ending.end(ids.clone())>{label}</button>
            <button type="button" on:click=move |_| confirming.set(false)>{text(|t| t.shell().cancel)}</button>
        }
        .into_any()
    };
    view! { <div class="buttons">{content}</div> }
}

#[component]
fn Device(item: SessionItem, ending: Ending) -> impl IntoView {
    let lang = use_lang();
    let agent = item.user_agent.unwrap_or_default();
    let name = move || device_name(&agent, lang.get());
    let facts = move || {
        let t = lang.get().sessions();
        let mut facts = vec![(t.used)(&when::ago(&item.last_used_at, lang.get())), (t.since)(&when::date(&item.created_at, lang.get()))];
        facts.extend(item.ip.clone());
        facts.join(" · ")
    };
    let end = if item.current {
        view! { <span class="badge">{text(|t| t.sessions().this)}</span> }.into_any()
    } else {
        view! { <EndButton id=item.id name=name.clone() ending /> }.into_any()
    };
    view! {
        <li>
            <div>
                <p><strong>{name}</strong></p>
                <p class="hint">{facts}</p>
            </div>
            {end}
        </li>
    }
}

#[component]
fn EndButton(id: String, name: impl Fn() -> String + Send + 'static, ending: Ending) -> impl IntoView {
    let lang = use_lang();
    let end = {
        let id = id.clone();
        move |_| ending.end(vec![id.clone()])
    };
    let is_ending = Memo::new(move |_| ending.ids.read().contains(&id));
    let label = move || {
        let t = lang.get().sessions();
        if is_ending.get() { t.ending } else { t.end }
    };
    // The accessible name begins with the visible one (WCAG 2.5.3) and says which device.
    let full_name = move || format!("{} {}", label(), name());
    view! { <button type="button" class="small danger" aria-label=full_name on:click=end>{label}</button> }
}

fn device_name(user_agent: &str, lang: Lang) -> String {
    let t = lang.sessions();
    match device(user_agent) {
        (Some(browser), Some(system)) => (t.on)(browser, system),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => t.unknown.to_owned(),
    }
}
