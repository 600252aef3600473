//! Calls back when the browser shows the page from its back/forward cache.

use super::lifetime::is_on_server;
use js_sys::Reflect;
use leptos::prelude::*;

/// Calls back each time the page returns from the back/forward cache, as long as the component exists.
pub(super) fn on_restored(run: impl Fn() + 'static) {
    if is_on_server() {
        return;
    }
    let listener = window_event_listener_untyped("pageshow", move |event| {
        if Reflect::get(&event, &"persisted".into()).is_ok_and(|persisted| persisted.is_truthy()) {
            run();
        }
    });
    on_cleanup(move || listener.remove());
}
