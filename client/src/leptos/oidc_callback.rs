//! The page of the redirect URI.

// `#[component]` makes a second public item of the function, which is not exported.
#![allow(unreachable_pub)]

use super::{
    address::{self, Navigate},
    use_oidc, use_session,
};
use leptos::{either::Either, prelude::*, task::spawn_local};
use std::{fmt, rc::Rc};

/// Options of [`OidcCallback`].
#[derive(Clone)]
pub struct OidcCallbackOptions {
    home: String,
    navigate: Navigate,
}

impl fmt::Debug for OidcCallbackOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcCallbackOptions").field("home", &self.home).finish_non_exhaustive()
    }
}

impl Default for OidcCallbackOptions {
    fn default() -> OidcCallbackOptions {
        OidcCallbackOptions { home: "/".to_owned(), navigate: address::load() }
    }
}

impl OidcCallbackOptions {
    /// Sets where to go if there is nothing to handle and a user is signed in. Default: `/`.
    #[must_use]
    pub fn home(mut self, address: &str) -> OidcCallbackOptions {
        address.clone_into(&mut self.home);
        self
    }

    /// Sets how to go to an address of the app, preferably replacing this page in the history. Default: the browser loads the page.
    #[must_use]
    pub fn navigate(mut self, navigate: impl Fn(&str) + 'static) -> OidcCallbackOptions {
        self.navigate = Rc::new(navigate);
        self
    }
}

/// Handles the provider's response and goes to the page that the sign-in began on. If it fails, it shows its children, which find the
/// reason in [`use_oidc().error`](super::UseOidcReturn::error).
///
/// ```no_run
/// # fn replace(_address: &str) {}
/// use leptos::prelude::*;
/// use wugan::leptos::{OidcCallback, OidcCallbackOptions, use_oidc};
///
/// #[component]
/// fn SigningIn() -> impl IntoView {
///     let oidc = use_oidc();
///     let options = OidcCallbackOptions::default().home("/inbox").navigate(replace);
///     view! {
///         <OidcCallback options fallback=|| "Signing in…">
///             {move || oidc.error.get().map(|error| error.to_string())}
///             <button on:click=move |_| oidc.sign_in()>"Try again"</button>
///         </OidcCallback>
///     }
/// }
/// ```
///
/// # Panics
/// If no component above [provides](super::provide_oidc) a provider.
#[component]
pub fn OidcCallback<C>(
    /// What is shown if the sign-in failed.
    children: TypedChildrenFn<C>,
    /// What is shown meanwhile. Default: nothing.
    #[prop(optional, into)]
    fallback: ViewFn,
    /// Where to go, and how.
    #[prop(optional)]
    options: OidcCallbackOptions,
) -> impl IntoView
where
    C: IntoView + 'static,
{
    let (oidc, session) = (use_oidc(), use_session());
    let OidcCallbackOptions { home, navigate } = options;
    Effect::new(move || {
        let (Some(provider), home, navigate) = (oidc.oidc(), home.clone(), navigate.clone()) else { return };
        spawn_local(async move {
            match provider.callback().await {
                Ok(path) => navigate(&path),
                // The response was handled before, as when the page is reloaded.
                Err(_) if session.signed_in.try_get_untracked() == Some(true) => navigate(&home),
                Err(error) => drop(oidc.error.try_set(Some(error))),
            }
        });
    });
    let children = children.into_inner();
    move || if oidc.error.get().is_some() { Either::Left(children()) } else { Either::Right(fallback.run()) }
}
