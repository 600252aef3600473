//! Banners below the header of each page: the server is down, or the session cannot be stored.

use super::retry::RetryButton;
use crate::{
    connection::use_connection,
    lang::{Pick, use_lang},
};
use leptos::prelude::*;
use wugan::{Event, Warning, leptos::use_session};

/// The server is down. Screen readers announce when that begins and when it ends; the button is not part of the announcement.
#[component]
pub(crate) fn OutageBanner() -> impl IntoView {
    let (connection, lang) = (use_connection(), use_lang());
    let class = move || if connection.is_lost() { "banner" } else { "unseen" };
    let status = move || {
        let t = &lang.get().texts().shell;
        match (connection.is_lost(), connection.is_restored()) {
            (true, _) => t.away,
            (false, true) => t.back,
            (false, false) => "",
        }
    };
    let retry = move || {
        connection
            .is_lost()
            .then(|| view! { <RetryButton pending=move || connection.is_checking() on_press=move || connection.check_now() /> })
    };
    view! {
        <div class=class>
            <p role="status" data-testid="connection">{status}</p>
            {retry}
        </div>
    }
}

/// The session is not stored and ends with the page: the user should know before closing it.
#[component]
pub(crate) fn StorageBanner() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    let cause = RwSignal::new(None::<Pick>);
    // A new listener receives the present warnings at once.
    let subscription = session.client().session().on_event(move |timed| {
        if let Event::Warning(warning) = &timed.event
            && let Some(pick) = memory_only(warning)
        {
            cause.try_set(Some(pick));
        }
    });
    StoredValue::new_local(subscription);
    let banner = move || {
        let pick = cause.get().filter(|_| session.signed_in.get())?;
        Some(view! { <p class="banner">{pick(lang.get().texts())}</p> })
    };
    view! { <div role="status">{banner}</div> }
}

/// The text of a warning after which the session lives in memory only.
fn memory_only(warning: &Warning) -> Option<Pick> {
    match warning {
        Warning::StoreDenied | Warning::StoreFull => Some(|t| t.shell.memory_only),
        Warning::StoreOfLaterVersion => Some(|t| t.shell.later_version),
        Warning::StoreOfOtherBackend => Some(|t| t.shell.other_backend),
        _ => None,
    }
}
