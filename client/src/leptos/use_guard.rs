//! Whether the visitor may see a page, and the way to the sign-in page if not.

use super::{
    address::{self, Navigate},
    use_session,
};
use leptos::prelude::*;
use std::{fmt, rc::Rc};

/// What [`use_guard_with_options`] and [`Guarded`](super::Guarded) can be told.
#[derive(Clone)]
pub struct UseGuardOptions {
    sign_in: String,
    parameter: String,
    navigate: Navigate,
}

impl fmt::Debug for UseGuardOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UseGuardOptions").field("sign_in", &self.sign_in).field("parameter", &self.parameter).finish_non_exhaustive()
    }
}

impl Default for UseGuardOptions {
    fn default() -> UseGuardOptions {
        UseGuardOptions { sign_in: "/sign-in".to_owned(), parameter: "next".to_owned(), navigate: address::load() }
    }
}

impl UseGuardOptions {
    /// Where one signs in. Default: `/sign-in`.
    #[must_use]
    pub fn sign_in(mut self, address: &str) -> UseGuardOptions {
        address.clone_into(&mut self.sign_in);
        self
    }

    /// The name in the query under which the sign-in page learns where the visitor was going. Default: `next`.
    #[must_use]
    pub fn parameter(mut self, name: &str) -> UseGuardOptions {
        name.clone_into(&mut self.parameter);
        self
    }

    /// How to go to an address of the app, preferably in place of this one. Default: the browser loads it.
    #[must_use]
    pub fn navigate(mut self, navigate: impl Fn(&str) + 'static) -> UseGuardOptions {
        self.navigate = Rc::new(navigate);
        self
    }
}

/// Whether the visitor may see the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Not known yet, see [`certain`](super::UseSessionReturn::certain).
    Unknown,
    /// He may.
    Granted,
    /// He is on his way to the sign-in page.
    Refused,
}

/// What [`use_guard`] gives.
#[derive(Clone, Copy, Debug)]
pub struct UseGuardReturn {
    /// Whether the visitor may see the page.
    pub admission: Signal<Admission>,
}

/// Sends a visitor who is not signed in to the sign-in page, now or as soon as he no longer is. Nobody is sent anywhere while it
/// is not known. [`Guarded`](super::Guarded) is this with the page in it.
///
/// # Panics
/// As [`use_session`].
#[must_use]
pub fn use_guard() -> UseGuardReturn {
    use_guard_with_options(UseGuardOptions::default())
}

/// …with options.
///
/// ```no_run
/// # fn go_instead(_address: &str) {}
/// use leptos::prelude::*;
/// use wugan::leptos::{Admission, UseGuardOptions, use_guard_with_options};
///
/// #[component]
/// fn Account() -> impl IntoView {
///     let guard = use_guard_with_options(UseGuardOptions::default().sign_in("/login").navigate(go_instead));
///     move || match guard.admission.get() {
///         Admission::Granted => "Your account",
///         Admission::Unknown | Admission::Refused => "One moment…",
///     }
/// }
/// ```
///
/// # Panics
/// As [`use_session`].
#[must_use]
pub fn use_guard_with_options(options: UseGuardOptions) -> UseGuardReturn {
    let session = use_session();
    let admission = Memo::new(move |_| match (session.certain.get(), session.signed_in.get()) {
        (_, false) => Admission::Refused,
        (true, true) => Admission::Granted,
        (false, true) => Admission::Unknown,
    });
    Effect::new(move || {
        if admission.get() == Admission::Refused {
            (options.navigate)(&address::with(&options.sign_in, &options.parameter, &address::here()));
        }
    });
    UseGuardReturn { admission: admission.into() }
}
