//! What the page hears of the outside: other tabs' writing, the network, waking up.

use crate::platform::{Guard, Signal};
use std::rc::Rc;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Event, EventTarget, StorageEvent};

/// `storage` events reach the other tabs only; clients in the same page hear by this one. It carries the key, and nothing else.
const SAVED: &str = "wugan:saved";

pub(super) fn saved(key: &str) {
    if let (Some(window), Ok(event)) = (web_sys::window(), Event::new(&format!("{SAVED}:{key}"))) {
        let _ = window.dispatch_event(&event);
    }
}

pub(super) fn watch(key: &str, tell: Rc<dyn Fn(Signal)>) -> Guard {
    let Some(window) = web_sys::window() else { return Box::new(()) };
    let mut listeners = Vec::new();
    let mut listen = |target: &EventTarget, name: &str, heard: Box<dyn Fn(Event)>| listeners.extend(Listener::new(target, name, heard));
    let say = |signal: Signal| -> Box<dyn Fn(Event)> {
        let tell = tell.clone();
        Box::new(move |_| tell(signal))
    };
    let ours = key.to_owned();
    let stored = tell.clone();
    listen(
        &window,
        "storage",
        Box::new(move |event| {
            // Without a key, the whole store was emptied.
            let key = event.dyn_ref::<StorageEvent>().and_then(StorageEvent::key);
            if key.is_none_or(|key| key == ours) {
                stored(Signal::Stored);
            }
        }),
    );
    listen(&window, &format!("{SAVED}:{key}"), say(Signal::Stored));
    listen(&window, "online", say(Signal::Online));
    listen(&window, "pageshow", say(Signal::Awake));
    if let Some(document) = window.document() {
        // It is told of being hidden too, which is no waking.
        let shown = say(Signal::Awake);
        listen(
            &document,
            "visibilitychange",
            Box::new(move |event| {
                if super::visible() {
                    shown(event)
                }
            }),
        );
        listen(&document, "resume", say(Signal::Awake));
    }
    Box::new(listeners)
}

struct Listener {
    target: EventTarget,
    name: String,
    heard: Closure<dyn Fn(Event)>,
}

impl Listener {
    fn new(target: &EventTarget, name: &str, heard: Box<dyn Fn(Event)>) -> Option<Listener> {
        let heard = Closure::wrap(heard);
        target.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref()).ok()?;
        Some(Listener { target: target.clone(), name: name.to_owned(), heard })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(&self.name, self.heard.as_ref().unchecked_ref());
    }
}
