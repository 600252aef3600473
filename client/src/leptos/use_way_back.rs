//! After the sign-in, on to where the visitor was going.

use super::{
    address::{self, Navigate},
    use_session,
};
use leptos::prelude::*;
use std::{fmt, rc::Rc};

/// What [`use_way_back_with_options`] can be told.
#[derive(Clone)]
pub struct UseWayBackOptions {
    home: String,
    parameter: String,
    navigate: Navigate,
}

impl fmt::Debug for UseWayBackOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UseWayBackOptions").field("home", &self.home).field("parameter", &self.parameter).finish_non_exhaustive()
    }
}

impl Default for UseWayBackOptions {
    fn default() -> UseWayBackOptions {
        UseWayBackOptions { home: "/".to_owned(), parameter: "next".to_owned(), navigate: address::load() }
    }
}

impl UseWayBackOptions {
    /// Where to go if he was going nowhere else. Default: `/`.
    #[must_use]
    pub fn home(mut self, address: &str) -> UseWayBackOptions {
        address.clone_into(&mut self.home);
        self
    }

    /// The name in the query that [`use_guard`](super::use_guard) was told. Default: `next`.
    #[must_use]
    pub fn parameter(mut self, name: &str) -> UseWayBackOptions {
        name.clone_into(&mut self.parameter);
        self
    }

    /// How to go to an address of the app, preferably in place of this one. Default: the browser loads it.
    #[must_use]
    pub fn navigate(mut self, navigate: impl Fn(&str) + 'static) -> UseWayBackOptions {
        self.navigate = Rc::new(navigate);
        self
    }
}

/// What [`use_way_back`] gives.
#[derive(Clone, Debug)]
pub struct UseWayBackReturn {
    /// Where he was going: an address of this site, whatever the query says.
    pub to: String,
}

/// For the sign-in page: goes on to where the visitor was going as soon as he is signed in, here or in another tab.
///
/// # Panics
/// As [`use_session`].
pub fn use_way_back() -> UseWayBackReturn {
    use_way_back_with_options(UseWayBackOptions::default())
}

/// …with options.
///
/// ```no_run
/// # fn go_instead(_address: &str) {}
/// use leptos::prelude::*;
/// use wugan::leptos::{UseWayBackOptions, use_way_back_with_options};
///
/// #[component]
/// fn SignIn() -> impl IntoView {
///     let way = use_way_back_with_options(UseWayBackOptions::default().home("/inbox").navigate(go_instead));
///     format!("Sign in to go on to {}", way.to)
/// }
/// ```
///
/// # Panics
/// As [`use_session`].
pub fn use_way_back_with_options(options: UseWayBackOptions) -> UseWayBackReturn {
    let session = use_session();
    let to = address::asked_for(&options.parameter).unwrap_or(options.home);
    let there = to.clone();
    Effect::new(move || {
        if session.certain.get() && session.signed_in.get() {
            (options.navigate)(&there);
        }
    });
    UseWayBackReturn { to }
}
