//! Decides whether a page may be shown, and navigates to the sign-in page if not.

use super::{
    address::{self, Navigate},
    lifetime::outliving,
    restored::on_restored,
    use_session,
};
use leptos::prelude::*;
use std::rc::Rc;

/// Options of [`use_guard_with_options`] and [`Guarded`](super::Guarded).
#[derive(Clone, Debug)]
pub struct UseGuardOptions {
    sign_in: String,
    parameter: String,
    navigate: Navigate,
}

impl Default for UseGuardOptions {
    fn default() -> UseGuardOptions {
        UseGuardOptions { sign_in: "/sign-in".to_owned(), parameter: "next".to_owned(), navigate: Navigate::default() }
    }
}

impl UseGuardOptions {
    /// Sets the address of the sign-in page. Default: `/sign-in`.
    #[must_use]
    pub fn sign_in(mut self, address: &str) -> UseGuardOptions {
        address.clone_into(&mut self.sign_in);
        self
    }

    /// Sets the query parameter that tells the sign-in page which page to return to. Default: `next`.
    #[must_use]
    pub fn parameter(mut self, name: &str) -> UseGuardOptions {
        name.clone_into(&mut self.parameter);
        self
    }

    /// Sets how to go to an address of the app, preferably replacing this page in the history. Default: the browser loads the page.
    #[must_use]
    pub fn navigate(mut self, navigate: impl Fn(&str) + 'static) -> UseGuardOptions {
        self.navigate = Navigate(Rc::new(navigate));
        self
    }
}

/// Whether a page may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthStatus {
    /// Not known yet, see [`ready`](super::UseSessionReturn::ready).
    Loading,
    /// A user is signed in.
    Authenticated,
    /// No user is signed in; the browser is on its way to the sign-in page.
    Unauthenticated,
}

/// Return value of [`use_guard`]; `Copy`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UseGuardReturn {
    /// Whether the page may be shown.
    pub status: Signal<AuthStatus>,
}

/// Navigates to the sign-in page as soon as no user is signed in. [`Guarded`](super::Guarded) is this hook with the page in it.
///
/// It does not navigate while the status is [`Loading`](AuthStatus::Loading), nor on a server. It navigates again if the browser shows
/// the page from its back/forward cache while no user is signed in.
///
/// # Panics
/// If no component above [provides](super::provide_session) a session.
#[must_use]
pub fn use_guard() -> UseGuardReturn {
    use_guard_with_options(UseGuardOptions::default())
}

/// Like [`use_guard`], with options.
///
/// ```no_run
/// # fn replace(_address: &str) {}
/// use leptos::prelude::*;
/// use wugan::leptos::{AuthStatus, UseGuardOptions, use_guard_with_options};
///
/// #[component]
/// fn Account() -> impl IntoView {
///     let guard = use_guard_with_options(UseGuardOptions::default().sign_in("/login").navigate(replace));
///     move || match guard.status.get() {
///         AuthStatus::Authenticated => "Your account",
///         AuthStatus::Loading | AuthStatus::Unauthenticated => "Loading…",
///     }
/// }
/// ```
///
/// # Panics
/// If no component above [provides](super::provide_session) a session.
#[must_use]
pub fn use_guard_with_options(options: UseGuardOptions) -> UseGuardReturn {
    let session = use_session();
    let status = outliving(|| {
        Memo::new(move |_| match (session.ready.get(), session.signed_in.get()) {
            (false, _) => AuthStatus::Loading,
            (true, true) => AuthStatus::Authenticated,
            (true, false) => AuthStatus::Unauthenticated,
        })
    });
    let restored = outliving(|| RwSignal::new(()));
    on_restored(move || restored.set(()));
    Effect::new(move || {
        restored.track();
        if status.get() == AuthStatus::Unauthenticated {
            let UseGuardOptions { sign_in, parameter, navigate } = options.clone();
            address::when_address_is_current(move || navigate.0(&address::with_query(&sign_in, &parameter, &address::current())));
        }
    });
    UseGuardReturn { status: outliving(|| status.into()) }
}
