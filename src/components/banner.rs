//! What concerns every page, said below its top: the server is away, or this browser keeps nothing.

use super::live::{Boxed, again, when};
use crate::{
    connection::use_connection,
    derived::Derived,
    keep,
    lang::{text, use_lang},
};
use leptos::prelude::*;
use wugan::{Event, Warning, leptos::use_session};

/// The server is away: said to everybody, and to screen readers when it begins and when it ends. The button is no part of what is said.
#[component]
pub(crate) fn Away() -> impl IntoView {
    let (connection, lang) = (use_connection(), use_lang());
    let lost = Derived::of(move || connection.is_lost());
    let class = Derived::of(move || if lost.get() { "banner" } else { "unseen" });
    let said = Derived::of(move || {
        let t = &lang.get().texts().shell;
        match (lost.get(), connection.is_back()) {
            (true, _) => t.away,
            (false, true) => t.back,
            (false, false) => "",
        }
    });
    let trying = Derived::of(move || connection.is_checking());
    let look = move || again(trying, move || connection.check_again());
    view! {
        <div class=class>
            <p role="status" data-testid="connection">{said}</p>
            {when(lost, look)}
        </div>
    }
}

/// The store is denied or full: the session lives in this page alone, and its person should know before he closes it.
#[component]
pub(crate) fn MemoryOnly() -> impl IntoView {
    let session = use_session();
    // A store that was denied from the start was warned of before anybody could listen.
    let memory_only = RwSignal::new(keep::is_denied());
    let subscription = session.client().session().on_event(move |noted| {
        if let Event::Warning(Warning::StoreDenied | Warning::StoreFull | Warning::StoreOfLaterVersion) = noted.event {
            memory_only.try_set(true);
        }
    });
    StoredValue::new_local(subscription);
    let shown = Derived::of(move || memory_only.get() && session.signed_in.get());
    let banner = when(shown, || view! { <p class="banner">{text(|t| t.shell.memory_only)}</p> }.boxed());
    view! { <div role="status">{banner}</div> }
}
