//! The address of the page, and the address to return to in its query.

use leptos::prelude::*;
use std::{fmt, rc::Rc, time::Duration};
use web_sys::UrlSearchParams;

/// Goes to an address of the app.
#[derive(Clone)]
pub(super) struct Navigate(pub(super) Rc<dyn Fn(&str)>);

impl Default for Navigate {
    /// Makes the browser load the page, for apps without a router.
    fn default() -> Navigate {
        // It fails for invalid URLs only, and these are built from valid ones.
        Navigate(Rc::new(|address| drop(window().location().replace(address))))
    }
}

impl fmt::Debug for Navigate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Navigate")
    }
}

/// Calls back when the page has its own address, unless the effect that calls this runs again or ends before. leptos_router sets the
/// address in the macrotask in which it renders the page, after the page's effects.
pub(super) fn when_address_is_current(run: impl FnOnce() + 'static) {
    if let Ok(timer) = set_timeout_with_handle(run, Duration::ZERO) {
        on_cleanup(move || timer.clear());
    }
}

/// Path, query and fragment of this page.
pub(super) fn current() -> String {
    let location = window().location();
    [location.pathname(), location.search(), location.hash()].into_iter().filter_map(Result::ok).collect()
}

/// Appends a pair to an address's query.
pub(super) fn with_query(address: &str, name: &str, value: &str) -> String {
    // The browser's own, because a second serializer would have to be downloaded. It does not fail without an argument; the address would
    // still be that of the sign-in page.
    let Ok(pairs) = UrlSearchParams::new() else { return address.to_owned() };
    pairs.append(name, value);
    [address, if address.contains('?') { "&" } else { "?" }, &String::from(pairs.to_string())].concat()
}

/// The address in this page's query under a name, if it belongs to this site. Others are ignored, because a link from elsewhere
/// could lead the user to a foreign site (an open redirect, CWE-601).
pub(super) fn return_to(name: &str) -> Option<String> {
    let location = window().location();
    let query = UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
    let address = query.get(name)?;
    same_site(&address, &location.origin().ok()?)
}

/// Parses an address as the browser does, and rebuilds it from its parts.
fn same_site(address: &str, origin: &str) -> Option<String> {
    let url = web_sys::Url::new_with_base(address, origin).ok()?;
    let path = url.pathname();
    // A path that begins with two slashes would be read as a host name.
    let is_same_site = url.origin() == origin && path.starts_with('/') && !path.starts_with("//");
    is_same_site.then(|| format!("{path}{}{}", url.search(), url.hash()))
}
