//! Which page an address leads to, and going from one to another without loading anything.
//!
//! The app has six fixed addresses. `leptos_router` would do more than that, and would add 39 kB of brotli to a first visit
//! (measured); so this is the whole of it: links stay links, and the browser's history stays the only state.

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

    /// A slash too many at the end is forgiven.
    fn of(path: &str) -> Route {
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        Route::ALL.into_iter().find(|route| route.path() == path).unwrap_or(Route::Missing)
    }

    /// Whether one must be signed in to see it.
    pub(crate) fn is_guarded(self) -> bool {
        matches!(self, Route::Inspector | Route::Account | Route::Sessions)
    }
}

/// Where the visitor is, and where he wanted to go before he was asked to sign in.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    route: Route,
    next: Route,
}

/// The way through the app; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    place: RwSignal<Place>,
}

/// Begins to follow the history and the links of the page.
pub(crate) fn provide_way() {
    let way = Way { place: RwSignal::new(Place::here()) };
    provide_context(way);
    window_event_listener(ev::popstate, move |_| way.look());
    window_event_listener(ev::click, move |click| {
        if let Some(href) = link_within(&click) {
            click.prevent_default();
            way.go(&href);
        }
    });
}

pub(crate) fn use_way() -> Way {
    expect_context()
}

impl Way {
    /// Where we are, to be tracked.
    pub(crate) fn at(self) -> Route {
        self.place.get().route
    }

    /// Where he wanted to go, to be tracked.
    pub(crate) fn next(self) -> Route {
        self.place.get().next
    }

    /// Goes to an address of this site, as a link does; to the one that is shown already, without a second entry for it in the history.
    pub(crate) fn go(self, href: &str) {
        if address() == href {
            return window().scroll_to_with_x_and_y(0.0, 0.0);
        }
        if let Ok(history) = window().history()
            && history.push_state_with_url(&JsValue::NULL, "", Some(href)).is_ok()
        {
            window().scroll_to_with_x_and_y(0.0, 0.0);
            self.look();
        }
    }

    /// Goes there, and leaves no way back to here.
    pub(crate) fn go_instead(self, href: &str) {
        if let Ok(history) = window().history()
            && history.replace_state_with_url(&JsValue::NULL, "", Some(href)).is_ok()
        {
            self.look();
        }
    }

    fn look(self) {
        if self.place.get_untracked() != Place::here() {
            self.place.set(Place::here());
        }
    }
}

impl Place {
    fn here() -> Place {
        let address = address();
        let (path, query) = address.split_once('?').unwrap_or((&address, ""));
        Place { route: Route::of(path), next: next_in(query) }
    }
}

/// The address shown, from the path on, without a part of the page.
fn address() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// Only pages of this app count: an address that somebody else put into a link leads nowhere.
fn next_in(query: &str) -> Route {
    let next = query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix("next="));
    let route = next.map_or(Route::Home, |path| Route::of(&path.replace("%2F", "/")));
    if matches!(route, Route::Missing | Route::SignIn | Route::SignUp) { Route::Home } else { route }
}

/// The address of a link that was clicked plainly and stays within the app.
fn link_within(click: &web_sys::MouseEvent) -> Option<String> {
    if click.default_prevented() || click.button() != 0 || click.meta_key() || click.ctrl_key() || click.shift_key() || click.alt_key() {
        return None;
    }
    let target: web_sys::Element = click.target()?.dyn_into().ok()?;
    let link: web_sys::HtmlAnchorElement = target.closest("a[href]").ok()??.dyn_into().ok()?;
    let elsewhere = link.origin() != window().location().origin().ok()? || link.has_attribute("download") || !link.target().is_empty();
    // A link to a part of this page is the browser's own business.
    let part_of_page = !link.hash().is_empty();
    (!elsewhere && !part_of_page).then(|| format!("{}{}", link.pathname(), link.search()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_by_its_own_address() {
        for route in Route::ALL {
            assert_eq!(Route::of(route.path()), route);
        }
        assert_eq!(Route::of("/account/"), Route::Account);
        for path in ["/accounts", "/account/1", "", "//", "/Sign-In"] {
            assert!(matches!(Route::of(path), Route::Missing), "{path}");
        }
    }

    #[test]
    fn next_leads_to_pages_of_the_app_and_nowhere_else() {
        assert_eq!(next_in("?next=/inspector"), Route::Inspector);
        assert_eq!(next_in("?a=b&next=%2Faccount"), Route::Account);
        for query in ["", "?next=", "?next=https://evil.example", "?next=//evil.example", "?next=/sign-in", "?next=/nowhere"] {
            assert_eq!(next_in(query), Route::Home, "{query}");
        }
    }
}
