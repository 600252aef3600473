//! Simulated failures of the page's surroundings: no network, a wrong clock. Both are restored when the inspector is closed.
//!
//! It replaces `fetch` and `Date.now`, so that all code in the page is affected without a switch of its own.

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// The clock's error in milliseconds: two hours.
const CLOCK_ERROR: f64 = 7_200_000.0;

/// The replaced functions; dropping it restores them.
#[derive(Default)]
pub(super) struct Simulation {
    network: Option<Replaced>,
    clock: Option<Replaced>,
}

/// A replaced function of the page.
struct Replaced {
    owner: JsValue,
    name: &'static str,
    original: JsValue,
    _replacement: Box<dyn std::any::Any>,
}

impl Simulation {
    /// Disables or restores the network.
    pub(super) fn network(&mut self, broken: bool) {
        // Restore first: dropping the old replacement later would undo the new one.
        self.network = None;
        self.network = broken.then(|| {
            let refuse: Closure<dyn Fn() -> Promise> = Closure::new(|| {
                let error = js_sys::TypeError::new("Failed to fetch");
                Promise::reject(&error)
            });
            Replaced::new(window().into(), "fetch", refuse.as_ref().clone(), refuse)
        });
    }

    /// Changes or restores the clock.
    pub(super) fn clock(&mut self, broken: bool) {
        self.clock = None;
        self.clock = broken.then(|| {
            let date = Reflect::get(&js_sys::global(), &"Date".into()).unwrap_or_default();
            let right: Function = Reflect::get(&date, &"now".into()).unwrap_or_default().unchecked_into();
            let wrong: Closure<dyn Fn() -> f64> =
                Closure::new(move || right.call0(&JsValue::UNDEFINED).ok().and_then(|now| now.as_f64()).unwrap_or_default() + CLOCK_ERROR);
            Replaced::new(date, "now", wrong.as_ref().clone(), wrong)
        });
    }
}

impl Replaced {
    fn new(owner: JsValue, name: &'static str, replacement: JsValue, owned: impl std::any::Any) -> Replaced {
        let original = Reflect::get(&owner, &name.into()).unwrap_or_default();
        let _ = Reflect::set(&owner, &name.into(), &replacement);
        Replaced { owner, name, original, _replacement: Box::new(owned) }
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        let _ = Reflect::set(&self.owner, &self.name.into(), &self.original);
    }
}
