//! `/`: what this is, and two answers of the server: one for everybody, one for who is signed in.

use crate::{
    api::use_api,
    arrival::Page,
    components::notice,
    connection::use_connection,
    lang::{Pick, text, use_lang},
    problem::Problem,
};
use leptos::prelude::*;
use leptos_router::components::A;
use wugan::{Reason, Request, State, leptos::use_session};
use wugan_wire::routes;

#[component]
pub(crate) fn Home() -> impl IntoView {
    let session = use_session();
    let signed_in = session.signed_in;
    view! {
        <Page title=|t| t.home.title>
            <Ended />
            <Show when=move || signed_in.get() fallback=Welcome>
                <Hello />
            </Show>
            <div class="cards">
                <Probe path=routes::PUBLIC title=|t| t.home.public what=|t| t.home.public_what />
                <Probe path=routes::GUARDED title=|t| t.home.guarded what=|t| t.home.guarded_what guarded=true />
                <section class="card">
                    <h2>{text(|t| t.home.watch)}</h2>
                    <p>{text(|t| t.home.watch_what)}</p>
                    <p><A href="/inspector">{text(|t| t.home.watch_go)}</A></p>
                </section>
            </div>
        </Page>
    }
}

/// For who is not signed in.
#[component]
fn Welcome() -> impl IntoView {
    view! {
        <div class="head">
            <h1 class="lead">{text(|t| t.home.lead)}</h1>
            <p>{text(|t| t.home.what)}</p>
            <div class="buttons">
                <A href="/sign-up" attr:class="button primary">{text(|t| t.shell.sign_up)}</A>
                <A href="/sign-in" attr:class="button">{text(|t| t.shell.sign_in)}</A>
            </div>
        </div>
    }
}

/// For who is.
#[component]
fn Hello() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    let hello = move || {
        let name = session.user.get().and_then(|user| user.name).unwrap_or_default();
        (lang.get().texts().home.hello)(&name)
    };
    view! {
        <div class="head">
            <h1>{hello}</h1>
            <p>{text(|t| t.home.hello_what)}</p>
        </div>
    }
}

/// A session that ended without its person having asked for it here.
#[component]
fn Ended() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    let words = move || match session.state.get() {
        State::SignedOut { reason: Some(reason) } if reason != Reason::ByUser => {
            Some(view! { <p class="notice" role="status">{notice::ended(reason)(lang.get().texts())}</p> })
        }
        _ => None,
    };
    view! { {words} }
}

/// What the server answers on a route: asked on arrival, when the button is pressed, when somebody signs in or out, and when the
/// server is back.
#[component]
fn Probe(path: &'static str, title: Pick, what: Pick, #[prop(optional)] guarded: bool) -> impl IntoView {
    let (api, session, connection, lang) = (use_api(), use_session(), use_connection(), use_lang());
    let presses = RwSignal::new(0_u32);
    let busy = RwSignal::new(false);
    let locked = move || guarded && !session.signed_in.get();
    let answer = LocalResource::new(move || {
        presses.track();
        connection.returns();
        let ask = !locked();
        async move {
            if !ask {
                return None;
            }
            busy.try_set(true);
            let answer = read(api.send(Request::get(path)).await).await;
            busy.try_set(false);
            Some(answer)
        }
    });
    let shown = move || {
        let t = lang.get().texts();
        match answer.get().flatten() {
            _ if locked() => view! { <A href="/sign-in?next=/">{t.home.locked}</A> }.into_any(),
            None => view! { <span>{t.shell.loading}</span> }.into_any(),
            Some(Ok(body)) => view! { <code>{body}</code> }.into_any(),
            Some(Err(problem)) => view! { <span class="wrong">{problem.say()(t)}</span> }.into_any(),
        }
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{text(title)}</h2>
                <code>{path}</code>
            </div>
            <p>{text(what)}</p>
            <div class="answer" role="status" data-testid=path aria-busy=move || busy.get().to_string()>{shown}</div>
            <Show when=move || !locked()>
                <div class="buttons">
                    <button type="button" class="small" on:click=move |_| presses.update(|presses| *presses += 1)>
                        {text(|t| t.home.ask_again)}
                    </button>
                </div>
            </Show>
        </section>
    }
    .into_any()
}

async fn read(answer: Result<wugan::Response, Problem>) -> Result<String, Problem> {
    Ok(answer?.text().await?)
}
