//! Banners below the header of each page: the server is down, or the session cannot be stored.

use super::live::{Boxed, again, when};
use crate::{
    connection::use_connection,
    derived::Derived,
    lang::{Pick, use_lang},
};
use leptos::prelude::*;
use wugan::{Event, Warning, leptos::use_session};

/// The server is down. Screen readers announce when that begins and when it ends; the button is not part of the announcement.
#[component]
pub(crate) fn Away() -> impl IntoView {
    let (connection, lang) = (use_connection(), use_lang());
    let lost = Derived::new(move || connection.is_lost());
    let class = Derived::new(move || if lost.get() { "banner" } else { "unseen" });
    let status = Derived::new(move || {
        let t = &lang.get().texts().shell;
        match (lost.get(), connection.is_restored()) {
            (true, _) => t.away,
            (false, true) => t.back,
            (false, false) => "",
        }
    });
    let trying = Derived::new(move || connection.is_checking());
    let retry = move || again(trying, move || connection.check_now());
    view! {
        <div class=class>
            <p role="status" data-testid="connection">{status}</p>
            {when(lost, retry)}
        </div>
    }
}

/// The session is not stored and ends with the page: the user should know before closing it.
#[component]
pub(crate) fn MemoryOnly() -> impl IntoView {
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
    let shown = Derived::new(move || cause.get().is_some() && session.signed_in.get());
    let text = Derived::new(move || cause.get().map(|pick| pick(lang.get().texts())));
    let banner = when(shown, move || view! { <p class="banner">{text}</p> }.boxed());
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
