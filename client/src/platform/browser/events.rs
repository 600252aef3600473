//! Browser events that the engine needs: changes of the storage, the network coming back, the page becoming visible.

use super::scope::is_visible;
use crate::js::object::get;
use crate::platform::{Guard, PlatformEvent, listener::Listener};
use std::rc::Rc;
use web_sys::{Event, EventTarget};

/// `storage` events are dispatched in other tabs only; clients in the same page receive this one. It names the key, not the value.
fn same_page_event(key: &str) -> String {
    format!("wugan:stored:{key}")
}

pub(super) fn notify_same_page(key: &str) {
    if let (Some(window), Ok(event)) = (web_sys::window(), Event::new(&same_page_event(key))) {
        let _ = window.dispatch_event(&event);
    }
}

pub(crate) fn subscribe(key: &str, notify: Rc<dyn Fn(PlatformEvent)>) -> Guard {
    let Some(window) = web_sys::window() else { return Box::new(()) };
    let mut listeners = Vec::new();
    let mut listen =
        |target: &EventTarget, name: &str, callback: Box<dyn Fn(Event)>| listeners.extend(Listener::new(target, name, callback));
    // One closure with a pointer, so that its code exists once.
    let passes_on = |event: PlatformEvent, counts: fn(&Event) -> bool| -> Box<dyn Fn(Event)> {
        let notify = notify.clone();
        Box::new(move |dispatched| {
            if counts(&dispatched) {
                notify(event);
            }
        })
    };
    let always: fn(&Event) -> bool = |_| true;
    let (ours, stored) = (key.to_owned(), notify.clone());
    listen(
        &window,
        "storage",
        Box::new(move |event| {
            // The key is null when the whole storage was cleared.
            let key = get(&event, "key").as_string();
            if key.is_none_or(|key| key == ours) {
                stored(PlatformEvent::Stored);
            }
        }),
    );
    listen(&window, &same_page_event(key), passes_on(PlatformEvent::Stored, always));
    listen(&window, "online", passes_on(PlatformEvent::Online, always));
    // Also dispatched when a page has loaded (HTML standard, "completely finish loading"): that event ends no pause.
    listen(&window, "pageshow", passes_on(PlatformEvent::Awake, |event| get(event, "persisted").is_truthy()));
    if let Some(document) = window.document() {
        listen(&document, "visibilitychange", passes_on(PlatformEvent::Awake, |_| is_visible()));
        listen(&document, "resume", passes_on(PlatformEvent::Awake, always));
    }
    Box::new(listeners)
}
