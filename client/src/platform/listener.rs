//! An event listener that is removed when it is dropped.

use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Event, EventTarget};

pub(crate) struct Listener {
    target: EventTarget,
    name: String,
    callback: Closure<dyn FnMut(Event)>,
}

impl Listener {
    pub(crate) fn new(target: &EventTarget, name: &str, callback: Box<dyn FnMut(Event)>) -> Option<Listener> {
        let callback = Closure::wrap(callback);
        target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref()).ok()?;
        Some(Listener { target: target.clone(), name: name.to_owned(), callback })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(&self.name, self.callback.as_ref().unchecked_ref());
    }
}
