//! Breaking this page's network and clock on purpose, and mending both, at the latest when the inspector is left.
//!
//! It replaces what the page itself asks, `fetch` and `Date.now`: everything in it meets the trouble, and nothing needs a switch for it.

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// How far off the clock is, in milliseconds: two hours.
const OFF: f64 = 7_200_000.0;

/// The trouble that is being made. Dropped, all is well again.
#[derive(Default)]
pub(crate) struct Sabotage {
    network: Option<Replaced>,
    clock: Option<Replaced>,
}

/// A function of the page with another in its place.
struct Replaced {
    owner: JsValue,
    name: &'static str,
    original: JsValue,
    _stand_in: Box<dyn std::any::Any>,
}

impl Sabotage {
    /// Cuts the network, or mends it.
    pub(crate) fn network(&mut self, broken: bool) {
        // The old one first, lest it put itself back over the new one.
        self.network = None;
        self.network = broken.then(|| {
            let refuse: Closure<dyn Fn() -> Promise> = Closure::new(|| {
                let error = js_sys::TypeError::new("Failed to fetch");
                Promise::reject(&error)
            });
            Replaced::new(window().into(), "fetch", refuse.as_ref().clone(), refuse)
        });
    }

    /// Sets the clock wrong, or right.
    pub(crate) fn clock(&mut self, broken: bool) {
        self.clock = None;
        self.clock = broken.then(|| {
            let date = Reflect::get(&js_sys::global(), &"Date".into()).unwrap_or_default();
            let right: Function = Reflect::get(&date, &"now".into()).unwrap_or_default().unchecked_into();
            let wrong: Closure<dyn Fn() -> f64> =
                Closure::new(move || right.call0(&JsValue::UNDEFINED).ok().and_then(|now| now.as_f64()).unwrap_or_default() + OFF);
            Replaced::new(date, "now", wrong.as_ref().clone(), wrong)
        });
    }
}

impl Replaced {
    fn new(owner: JsValue, name: &'static str, stand_in: JsValue, kept: impl std::any::Any) -> Replaced {
        let original = Reflect::get(&owner, &name.into()).unwrap_or_default();
        let _ = Reflect::set(&owner, &name.into(), &stand_in);
        Replaced { owner, name, original, _stand_in: Box::new(kept) }
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        let _ = Reflect::set(&self.owner, &self.name.into(), &self.original);
    }
}
