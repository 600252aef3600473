//! Undoes what a test changed in the page. A failed test panics, which drops nothing in WebAssembly: without this, the tests after it would
//! meet its mock responses and its wrong clock.

use js_sys::Function;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    mem, panic,
    sync::{Mutex, Once, PoisonError},
};
use wasm_bindgen::{JsCast, JsValue};

thread_local! {
    /// How to undo each change, by the order in which they were made.
    static CHANGES: RefCell<BTreeMap<u32, Box<dyn FnOnce()>>> = RefCell::default();
}

/// The first lines of the panics, without the values of a failed assertion.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The panics since this was called before. They are recorded after the first [`Change`].
pub(crate) fn take_panics() -> Vec<String> {
    mem::take(&mut *PANICS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A change in the page, undone when this is dropped or a test has panicked.
#[must_use]
pub(crate) struct Change(u32);

impl Change {
    pub(crate) fn new(undo: impl FnOnce() + 'static) -> Change {
        // At the first change: after a panic, no hook can be set.
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let report = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string().lines().take(2).collect());
                report(panic);
                while let Some((_, undo)) = CHANGES.with_borrow_mut(BTreeMap::pop_last) {
                    undo();
                }
            }));
        });
        CHANGES.with_borrow_mut(|changes| {
            let id = changes.last_key_value().map_or(0, |(last, _)| last + 1);
            changes.insert(id, Box::new(undo));
            Change(id)
        })
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        if let Some(undo) = CHANGES.with_borrow_mut(|changes| changes.remove(&self.0)) {
            undo();
        }
    }
}

/// Sets a property of a JavaScript object to the value of an expression, in which `original` is the present value.
pub(crate) fn replace(object: &str, property: &str, value: &str) -> Change {
    let script = format!(
        "const object = {object}, name = '{property}', own = Object.getOwnPropertyDescriptor(object, name);
        const value = ((original) => {value})(object[name]);
        Object.defineProperty(object, name, {{ configurable: true, writable: true, value }});
        return () => own ? Object.defineProperty(object, name, own) : delete object[name];"
    );
    let undo: Function = Function::new_no_args(&script).call0(&JsValue::UNDEFINED).unwrap().unchecked_into();
    Change::new(move || drop(undo.call0(&JsValue::UNDEFINED)))
}
