//! Where the visitor is, where he was going, and how an address says so in its query.

use leptos::prelude::window;
use std::rc::Rc;

/// How the app goes to an address of its own, leaving no way back to here.
pub(super) type Navigate = Rc<dyn Fn(&str)>;

/// Without a router, the browser loads the page.
pub(super) fn load() -> Navigate {
    Rc::new(|address| {
        // It fails for addresses that are none, and none is made here.
        let _ = window().location().replace(address);
    })
}

/// Path, query and fragment of this page.
pub(super) fn here() -> String {
    let location = window().location();
    [location.pathname(), location.search(), location.hash()].into_iter().filter_map(Result::ok).collect()
}

/// An address with one more pair in its query.
pub(super) fn with(address: &str, name: &str, value: &str) -> String {
    let pair = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    format!("{address}{}{pair}", if address.contains('?') { '&' } else { '?' })
}

/// What this page's query says under a name, if it is an address of this site: nobody shall be led elsewhere by a link
/// that somebody sent him.
pub(super) fn asked_for(name: &str) -> Option<String> {
    let location = window().location();
    let query = location.search().ok()?;
    let (_, asked) = form_urlencoded::parse(query.trim_start_matches('?').as_bytes()).find(|(given, _)| given == name)?;
    of_this_site(&asked, &location.origin().ok()?)
}

/// Read as the browser would read it, and put together from its parts again.
fn of_this_site(address: &str, origin: &str) -> Option<String> {
    let url = web_sys::Url::new_with_base(address, origin).ok()?;
    let path = url.pathname();
    // Two slashes at the beginning of a path would be taken for the name of a host.
    let stays = url.origin() == origin && path.starts_with('/') && !path.starts_with("//");
    stays.then(|| format!("{path}{}{}", url.search(), url.hash()))
}
