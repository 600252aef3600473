//! Small choices that outlive the visit (language, theme). A store that is denied is no error: the choice then lasts for this visit.

use leptos::prelude::window;

/// `gloo_storage` would panic where storage is denied, and would put quotes around the text that `index.html` reads.
fn store() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// Whether the browser keeps nothing for this site at all.
pub(crate) fn is_denied() -> bool {
    store().is_none()
}

pub(crate) fn get(key: &str) -> Option<String> {
    store()?.get_item(key).ok().flatten()
}

pub(crate) fn set(key: &str, value: &str) {
    if let Some(store) = store() {
        let _ = store.set_item(key, value);
    }
}

pub(crate) fn forget(key: &str) {
    if let Some(store) = store() {
        let _ = store.remove_item(key);
    }
}
