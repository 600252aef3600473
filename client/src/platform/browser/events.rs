//! Browser events that the engine needs: changes of the storage, the network coming back, the page becoming visible.

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
    let passes_on = |event: PlatformEvent| -> Box<dyn Fn(Event)> {
        let notify = notify.clone();
        Box::new(move |_| notify(event))
    };
    let (ours, stored) = (key.to_owned(), notify.clone());
    listen(
        &window,
        "storage",
        Box::new(move |event| {
            // The key is null when the whole storage was cleared.
            let key = super::get(&event, "key").as_string();
            if key.is_none_or(|key| key == ours) {
                stored(PlatformEvent::Stored);
            }
        }),
    );
    listen(&window, &same_page_event(key), passes_on(PlatformEvent::Stored));
    listen(&window, "online", passes_on(PlatformEvent::Online));
    listen(&window, "pageshow", passes_on(PlatformEvent::Awake));
    if let Some(document) = window.document() {
        let awake = passes_on(PlatformEvent::Awake);
        listen(
            &document,
            "visibilitychange",
            Box::new(move |event| {
                if super::is_visible() {
                    awake(event);
                }
            }),
        );
        listen(&document, "resume", passes_on(PlatformEvent::Awake));
    }
    Box::new(listeners)
}
