//! The page or worker of the program.

use crate::js::object::get;
use wasm_bindgen::JsCast;

/// The global scope: a window, or a worker's, which has the same functions under the same names.
pub(super) fn scope() -> web_sys::Window {
    js_sys::global().unchecked_into()
}

/// What relative URLs are relative to; a page's `<base>` counts.
pub(super) fn page_url() -> String {
    let scope = scope();
    let base = get(&get(&scope, "document"), "baseURI").as_string();
    base.or_else(|| get(&get(&scope, "location"), "href").as_string()).unwrap_or_default()
}

pub(super) fn is_visible() -> bool {
    get(&get(&scope(), "document"), "visibilityState").as_string().is_none_or(|state| state == "visible")
}
