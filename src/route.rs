//! The app's router: which page a path shows, and navigation without loading a document.
//!
//! The app has six fixed paths. `leptos_router` would add 39 kB of brotli to a first visit (measured), so this is a router of its own:
//! links stay links, and the browser's history is the only state.

use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, JsValue};

/// The pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Home,
    SignIn,
    SignUp,
    Inspector,
    Account,
    Sessions,
    Missing,
}

impl Route {
    const ALL: [Route; 6] = [Route::Home, Route::SignIn, Route::SignUp, Route::Inspector, Route::Account, Route::Sessions];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Route::Home | Route::Missing => "/",
            Route::SignIn => "/sign-in",
            Route::SignUp => "/sign-up",
            Route::Inspector => "/inspector",
            Route::Account => "/account",
            Route::Sessions => "/sessions",
        }
    }

    /// The page of a path; trailing slashes are ignored.
    fn from_path(path: &str) -> Route {
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        Route::ALL.into_iter().find(|route| route.path() == path).unwrap_or(Route::Missing)
    }

    /// Whether the page requires a signed-in user.
    pub(crate) fn is_guarded(self) -> bool {
        matches!(self, Route::Inspector | Route::Account | Route::Sessions)
    }
}

/// The page shown, and the page to go to after a sign-in.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Location {
    route: Route,
    next: Route,
}

/// The router; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Router {
    location: RwSignal<Location>,
}

/// Listens to the history and to clicks on links.
pub(crate) fn provide_router() {
    let router = Router { location: RwSignal::new(Location::current()) };
    provide_context(router);
    window_event_listener(ev::popstate, move |_| router.sync());
    window_event_listener(ev::click, move |click| {
        if let Some(href) = internal_link(&click) {
            click.prevent_default();
            router.push(&href);
        }
    });
}

pub(crate) fn use_router() -> Router {
    expect_context()
}

impl Router {
    /// The page shown; tracked.
    pub(crate) fn route(self) -> Route {
        self.location.get().route
    }

    /// The page to go to after a sign-in; tracked.
    pub(crate) fn next(self) -> Route {
        self.location.get().next
    }

    /// Navigates within the app, as a link does. The present address gets no second history entry.
    pub(crate) fn push(self, href: &str) {
        if address() == href {
            return window().scroll_to_with_x_and_y(0.0, 0.0);
        }
        if let Ok(history) = window().history()
            && history.push_state_with_url(&JsValue::NULL, "", Some(href)).is_ok()
        {
            window().scroll_to_with_x_and_y(0.0, 0.0);
            self.sync();
        }
    }

    /// Navigates and replaces the present history entry.
    pub(crate) fn replace(self, href: &str) {
        if let Ok(history) = window().history()
            && history.replace_state_with_url(&JsValue::NULL, "", Some(href)).is_ok()
        {
            self.sync();
        }
    }

    fn sync(self) {
        if self.location.get_untracked() != Location::current() {
            self.location.set(Location::current());
        }
    }
}

impl Location {
    fn current() -> Location {
        let address = address();
        let (path, query) = address.split_once('?').unwrap_or((&address, ""));
        Location { route: Route::from_path(path), next: next_in(query) }
    }
}

/// Path and query of the address shown.
fn address() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// The `next` parameter. Only pages of this app count: a link cannot redirect a user to another site.
fn next_in(query: &str) -> Route {
    let next = query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix("next="));
    let route = next.map_or(Route::Home, |path| Route::from_path(&path.replace("%2F", "/")));
    if matches!(route, Route::Missing | Route::SignIn | Route::SignUp) { Route::Home } else { route }
}

/// The address of a link within the app that was clicked without modifier keys.
fn internal_link(click: &web_sys::MouseEvent) -> Option<String> {
    if click.default_prevented() || click.button() != 0 || click.meta_key() || click.ctrl_key() || click.shift_key() || click.alt_key() {
        return None;
    }
    let target: web_sys::Element = click.target()?.dyn_into().ok()?;
    let link: web_sys::HtmlAnchorElement = target.closest("a[href]").ok()??.dyn_into().ok()?;
    let external = link.origin() != window().location().origin().ok()? || link.has_attribute("download") || !link.target().is_empty();
    // The browser itself scrolls to a fragment.
    let fragment = !link.hash().is_empty();
    (!external && !fragment).then(|| format!("{}{}", link.pathname(), link.search()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_is_found_by_its_path() {
        for route in Route::ALL {
            assert_eq!(Route::from_path(route.path()), route);
        }
        assert_eq!(Route::from_path("/account/"), Route::Account);
        for path in ["/accounts", "/account/1", "", "//", "/Sign-In"] {
            assert!(matches!(Route::from_path(path), Route::Missing), "{path}");
        }
    }

    #[test]
    fn next_accepts_only_pages_of_the_app() {
        assert_eq!(next_in("?next=/inspector"), Route::Inspector);
        assert_eq!(next_in("?a=b&next=%2Faccount"), Route::Account);
        for query in ["", "?next=", "?next=https://evil.example", "?next=//evil.example", "?next=/sign-in", "?next=/nowhere"] {
            assert_eq!(next_in(query), Route::Home, "{query}");
        }
    }
}
