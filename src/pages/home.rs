//! `/`: what Wugan is, for users and for developers; for a signed-in user the way to account, devices and inspector.

use crate::{
    components::{
        ended,
        page::{Page, PageHead},
    },
    lang::{Pick, text, use_lang},
};
use leptos::prelude::*;
use wugan::{AuthState, SignOutReason, leptos::use_session};

#[component]
pub(crate) fn Home() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    // The reason is shown if the session ended while the page was open, or ended before and not by the user.
    let seen = StoredValue::new(false);
    let ended = move || match session.state.get() {
        AuthState::SignedIn => {
            seen.set_value(true);
            None
        }
        AuthState::SignedOut { reason: Some(reason) } if reason != SignOutReason::ByUser || seen.get_value() => {
            Some(ended::reason_text(reason)(lang.get()))
        }
        _ => None,
    };
    let content = move || if session.signed_in.get() { Overview().into_any() } else { Welcome().into_any() };
    view! {
        <Page title=|t| t.titles().home>
            <div role="status">{move || ended().map(|text| view! { <p class="notice">{text}</p> })}</div>
            {content}
        </Page>
    }
}

/// For a visitor.
#[component]
fn Welcome() -> impl IntoView {
    view! {
        <div class="welcome">
            <PageHead heading=|t| t.home().lead below=|t| t.home().what />
            // Requests that wait for one refresh. The same is in index.html.
            <img class="illustration" src="/refresh.svg" width="440" height="194" alt="" />
            <div class="buttons">
                <a class="button primary" href="/sign-up">{text(|t| t.shell().sign_up)}</a>
                <a class="button" href="/sign-in">{text(|t| t.shell().sign_in)}</a>
            </div>
        </div>
        <div class="cards">
            <Card heading=|t| t.home().users body=|t| t.home().users_what />
            <Card heading=|t| t.home().developers body=|t| t.home().developers_what />
            <DemonstrationCard />
        </div>
    }
}

/// For a signed-in user.
#[component]
fn Overview() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    let hello = move || {
        let name = session.user.get().and_then(|user| user.name).unwrap_or_default();
        (lang.get().home().hello)(&name)
    };
    view! {
        <div class="head">
            <h1>{hello}</h1>
            <p>{text(|t| t.home().hello_what)}</p>
        </div>
        <div class="cards">
            <Card heading=|t| t.titles().sessions body=|t| t.home().devices_what link=("/sessions", |t| t.home().devices_go) />
            <Card heading=|t| t.titles().account body=|t| t.home().account_what link=("/account", |t| t.home().account_go) />
            <DemonstrationCard />
        </div>
    }
}

#[component]
fn DemonstrationCard() -> impl IntoView {
    view! { <Card heading=|t| t.home().demo body=|t| t.home().demo_what link=("/inspector", |t| t.home().demo_go) /> }
}

#[component]
fn Card(heading: Pick, body: Pick, #[prop(optional)] link: Option<(&'static str, Pick)>) -> impl IntoView {
    view! {
        <section class="card">
            <h2>{text(heading)}</h2>
            <p>{text(body)}</p>
            {link.map(|(href, name)| view! { <p><a href=href>{text(name)}</a></p> })}
        </section>
    }
}
