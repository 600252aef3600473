//! `/`: what Wugan is, for users and for developers. A signed-in user sees [`super::overview`] instead.

use crate::{
    components::{
        card::{Card, DemonstrationCard},
        ended,
        page::{Page, PageHead},
        part::loading,
    },
    lang::{text, use_lang},
    session::session_views,
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
    let content = move || match session.signed_in.get().then(session_views).flatten() {
        Some(views) => (views.overview)(),
        None if session.ready.get() || session.load_failed.get() => Welcome().into_any(),
        // A stored session is loaded.
        None => loading(),
    };
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
