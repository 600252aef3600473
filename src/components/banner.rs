//! Banners below the header of each page: the server is down, or the session is not loaded.

use super::{
    page::{focus_content, focus_content_from_retry},
    part::RetryOrReload,
    retry::RetryButton,
};
use crate::{
    connection::use_connection,
    lang::{text, use_lang},
};
use leptos::{prelude::*, task::spawn_local};
use wugan::leptos::use_session;

/// The server is down. Screen readers announce when that begins and when it ends; the button is not part of the announcement.
#[component]
pub(crate) fn OutageBanner() -> impl IntoView {
    let (session, connection, lang) = (use_session(), use_connection(), use_lang());
    let class = move || if connection.is_lost() { "banner" } else { "unseen" };
    let status = move || {
        let t = lang.get().shell();
        match (connection.is_lost(), connection.is_restored()) {
            (true, _) if session.signed_in.get() => t.unreachable_signed_in,
            (true, _) => t.unreachable,
            (false, true) => t.reachable_again,
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
        if !is_shown {
            focus_content_from_retry();
        }
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
