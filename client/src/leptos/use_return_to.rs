//! After the sign-in, navigates back to the page that was asked for.

use super::{
    address::{self, Navigate},
    lifetime::outliving,
    use_session,
};
use leptos::prelude::*;
use std::rc::Rc;

/// Options of [`use_return_to_with_options`].
#[derive(Clone, Debug)]
pub struct UseReturnToOptions {
    home: String,
    parameter: String,
    navigate: Navigate,
}

impl Default for UseReturnToOptions {
    fn default() -> UseReturnToOptions {
        UseReturnToOptions { home: "/".to_owned(), parameter: "next".to_owned(), navigate: Navigate::default() }
    }
}

impl UseReturnToOptions {
    /// Sets where to go if the query names no page. Default: `/`.
    #[must_use]
    pub fn home(mut self, address: &str) -> UseReturnToOptions {
        address.clone_into(&mut self.home);
        self
    }

    /// Sets the query parameter, the same as [`use_guard`](super::use_guard)'s. Default: `next`.
    #[must_use]
    pub fn parameter(mut self, name: &str) -> UseReturnToOptions {
        name.clone_into(&mut self.parameter);
        self
    }

    /// Sets how to go to an address of the app, preferably replacing this page in the history. Default: the browser loads the page.
    #[must_use]
    pub fn navigate(mut self, navigate: impl Fn(&str) + 'static) -> UseReturnToOptions {
        self.navigate = Navigate(Rc::new(navigate));
        self
    }
}

/// Return value of [`use_return_to`]; `Copy`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UseReturnToReturn {
    /// The page to return to: an address of this site, even if the query names another one. `home` until the page has its own address,
    /// on a server and during hydration.
    pub to: Signal<String>,
}

/// For the sign-in page: navigates to the page that was asked for as soon as a user is signed in, in this or another tab.
///
/// # Panics
/// If no component above [provides](super::provide_session) a session.
pub fn use_return_to() -> UseReturnToReturn {
    use_return_to_with_options(UseReturnToOptions::default())
}

/// Like [`use_return_to`], with options.
///
/// ```no_run
/// # fn replace(_address: &str) {}
/// use leptos::prelude::*;
/// use wugan::leptos::{UseReturnToOptions, use_return_to_with_options};
///
/// #[component]
/// fn SignIn() -> impl IntoView {
///     let options = UseReturnToOptions::default().home("/inbox").navigate(replace);
///     let to = use_return_to_with_options(options).to;
///     view! { "Sign in to continue to " {to} }
/// }
/// ```
///
/// # Panics
/// If no component above [provides](super::provide_session) a session.
pub fn use_return_to_with_options(options: UseReturnToOptions) -> UseReturnToReturn {
    let session = use_session();
    let UseReturnToOptions { home, parameter, navigate } = options;
    let asked_for = outliving(|| RwSignal::new(None::<String>));
    let fallback = home.clone();
    Effect::new(move || {
        if session.hydrated.get() {
            let (home, parameter) = (fallback.clone(), parameter.clone());
            address::when_address_is_current(move || drop(asked_for.try_set(Some(address::return_to(&parameter).unwrap_or(home)))));
        }
    });
    Effect::new(move || {
        if let Some(to) = asked_for.get()
            && session.ready.get()
            && session.signed_in.get()
        {
            navigate.0(&to);
        }
    });
    UseReturnToReturn { to: outliving(|| Signal::derive(move || asked_for.get().unwrap_or_else(|| home.clone()))) }
}
