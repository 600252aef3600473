//! The app's router: which page a path shows, and navigation without loading a document.
//!
//! The app has seven fixed paths. `leptos_router` would add 39 kB of brotli to a first visit (measured), so this is a router of its own.
//! Links are ordinary `<a href>` elements. The route is read from the browser's address; there is no other state.

use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, JsValue};

/// The query of the inspector that experiments with the user's own session.
pub(crate) const OWN_SESSION: &str = "?session=own";

/// The pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Home,
    SignIn,
    SignUp,
    Reset,
    Inspector,
    Account,
    Sessions,
    Missing,
}

impl Route {
    const ALL: [Route; 7] = [Route::Home, Route::SignIn, Route::SignUp, Route::Reset, Route::Inspector, Route::Account, Route::Sessions];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Route::Home | Route::Missing => "/",
            Route::SignIn => "/sign-in",
            Route::SignUp => "/sign-up",
            Route::Reset => "/reset",
            Route::Inspector => "/inspector",
            Route::Account => "/account",
            Route::Sessions => "/sessions",
        }
    }

    /// The page of an address; the query and trailing slashes are ignored.
    fn from_address(address: &str) -> Route {
        let path = address.split('?').next().unwrap_or_default();
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        Route::ALL.into_iter().find(|route| route.path() == path).unwrap_or(Route::Missing)
    }
}

/// The router; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Router {
    /// Path and query of the address shown.
    address: RwSignal<String>,
}

/// Listens to the history and to clicks on links.
pub(crate) fn provide_router() {
    let router = Router { address: RwSignal::new(current_address()) };
    provide_context(router);
    let on_history = window_event_listener(ev::popstate, move |_| router.sync());
    let on_click = window_event_listener(ev::click, move |click| {
        if let Some(href) = internal_link(&click) {
            click.prevent_default();
            router.push(&href);
        }
    });
    on_cleanup(move || {
        on_history.remove();
        on_click.remove();
    });
}

pub(crate) fn use_router() -> Router {
    expect_context()
}

impl Router {
    /// The page shown; tracks the address.
    pub(crate) fn route(self) -> Route {
        self.address.with(|address| Route::from_address(address))
    }

    /// The query of the address shown, with its question mark; untracked, because another address renders the page anew.
    pub(crate) fn query(self) -> String {
        self.address.with_untracked(|address| address.find('?').map(|at| address[at..].to_owned())).unwrap_or_default()
    }

    /// Navigates within the app, as a link does. The present address gets no second history entry.
    fn push(self, href: &str) {
        if current_address() == href {
            return self.replace(href);
        }
        self.change(|history| history.push_state_with_url(&JsValue::NULL, "", Some(href)));
    }

    /// Navigates and replaces the present history entry.
    pub(crate) fn replace(self, href: &str) {
        self.change(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(href)));
    }

    fn change(self, change: impl FnOnce(&web_sys::History) -> Result<(), JsValue>) {
        if window().history().is_ok_and(|history| change(&history).is_ok()) {
            self.sync();
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    fn sync(self) {
        let address = current_address();
        if self.address.with_untracked(|shown| *shown != address) {
            self.address.set(address);
        }
    }
}

fn current_address() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
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
    fn each_page_is_found_by_its_address() {
        for route in Route::ALL {
            assert_eq!(Route::from_address(route.path()), route);
        }
        assert_eq!(Route::from_address("/account/"), Route::Account);
        assert_eq!(Route::from_address("/sign-in?next=%2Faccount"), Route::SignIn);
        for path in ["/accounts", "/account/1", "", "//", "/Sign-In"] {
            assert_eq!(Route::from_address(path), Route::Missing, "{path}");
        }
    }
}
