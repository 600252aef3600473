//! Banners below the header of each page: the server is down, or the session cannot be stored.

use super::{page::focus_content, part::RetryOrReload, retry::RetryButton};
use crate::{
    connection::use_connection,
    lang::{Pick, text, use_lang},
};
use leptos::{prelude::*, task::spawn_local};
use wugan::{Warning, leptos::use_session};

/// The server is down. Screen readers announce when that begins and when it ends; the button is not part of the announcement.
#[component]
pub(crate) fn OutageBanner() -> impl IntoView {
    let (connection, lang) = (use_connection(), use_lang());
    let class = move || if connection.is_lost() { "banner" } else { "unseen" };
    let status = move || {
        let t = lang.get().shell();
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

/// The session's engine could not be loaded, so a stored session cannot be used.
#[component]
pub(crate) fn SessionBanner() -> impl IntoView {
    let (session, connection) = (use_session(), use_connection());
    let check_server = move || {
        spawn_local(async move {
            connection.is_down().await;
        });
    };
    Effect::new(move || {
        if session.load_failed.get() {
            check_server();
        }
    });
    // The server is back.
    Effect::new(move || {
        connection.track_retries();
        if session.load_failed.get_untracked() {
            session.preload();
        }
    });
    let retry = move || {
        focus_content();
        session.preload();
        check_server();
    };
    move || {
        // Without a stored session only a form needs the engine, and says so itself.
        let is_shown = session.load_failed.get() && !session.ready.get();
        is_shown.then(|| {
            view! {
                <div class="banner">
                    <p role="alert">{text(|t| t.shell().session_not_loaded)}</p>
                    <RetryOrReload on_retry=UnsyncCallback::new(move |()| retry()) />
                </div>
            }
        })
    }
}

/// The session is not stored and ends with the page: the user should know before closing it.
#[component]
pub(crate) fn StorageBanner() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    let banner = move || {
        let pick = session.warnings().iter().find_map(memory_only).filter(|_| session.signed_in.get())?;
        Some(view! { <p class="banner">{pick(lang.get())}</p> })
    };
    view! { <div role="status">{banner}</div> }
}

/// The text of a warning after which the session lives in memory only.
fn memory_only(warning: &Warning) -> Option<Pick> {
    match warning {
        Warning::StoreDenied | Warning::StoreFull => Some(|t| t.shell().memory_only),
        Warning::StoreOfLaterVersion => Some(|t| t.shell().later_version),
        Warning::StoreOfOtherBackend => Some(|t| t.shell().other_backend),
        _ => None,
    }
}
