//! The browser: its page and sessionStorage. On a server there is none.

use crate::oidc::error::{Error, invalid};
use web_sys::{Storage, Window};

pub(crate) fn window() -> Option<Window> {
    if cfg!(target_arch = "wasm32") { web_sys::window() } else { None }
}

/// `None` where it is denied.
pub(crate) fn session_storage() -> Option<Storage> {
    window()?.session_storage().ok().flatten()
}

/// The page's origin.
pub(crate) fn origin() -> Option<String> {
    window()?.location().origin().ok()
}

/// Leaves the page. If that is replaced in the history, the browser's back button does not return to it.
pub(crate) fn go_to(url: &str, replaces_page: bool) -> Result<(), Box<Error>> {
    let location = window().ok_or_else(|| Box::new(Error::NoBrowser))?.location();
    let left = if replaces_page { location.replace(url) } else { location.assign(url) };
    left.map_err(|_| invalid("the browser refuses the provider's address"))
}
