//! Stores the chosen language and theme in localStorage. Where it is blocked, a choice lasts for the visit.

use leptos::prelude::window;

/// web-sys instead of `gloo_storage`, which panics where storage is blocked and quotes the text that `index.html` reads.
pub(crate) fn store() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

pub(crate) fn get(key: &str) -> Option<String> {
    store()?.get_item(key).ok().flatten()
}

pub(crate) fn set(key: &str, value: &str) {
    if let Some(store) = store() {
        let _ = store.set_item(key, value);
    }
}

pub(crate) fn remove(key: &str) {
    if let Some(store) = store() {
        let _ = store.remove_item(key);
    }
}
