//! An event listener that is removed when it is dropped.

use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Event, EventTarget};

pub(crate) struct Listener {
    target: EventTarget,
    name: String,
    /// Not `FnMut`: a listener may write, which dispatches the same event again.
    callback: Closure<dyn Fn(Event)>,
}

impl Listener {
    pub(crate) fn new(target: &EventTarget, name: &str, callback: Box<dyn Fn(Event)>) -> Option<Listener> {
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
