//! The page of the redirect URI.

// `#[component]` makes a second public item of the function, which is not exported.
#![allow(unreachable_pub)]

use super::{
    address::Navigate,
    oidc_session::ReactiveView,
    use_oidc,
    use_oidc::{Attempt, run_effect},
    use_session,
};
use crate::oidc::{Error, SignInOptions};
use leptos::prelude::*;
use std::rc::Rc;

/// Options of [`OidcCallback`].
#[derive(Clone, Debug)]
pub struct OidcCallbackOptions {
    home: String,
    navigate: Navigate,
}

impl Default for OidcCallbackOptions {
    fn default() -> OidcCallbackOptions {
        OidcCallbackOptions { home: "/".to_owned(), navigate: Navigate::default() }
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
        self.navigate = Navigate(Rc::new(navigate));
        self
    }
}

/// Handles the provider's response and goes to the page that the sign-in began on. Its children are shown meanwhile. If the sign-in fails,
/// [`OidcSession`](super::OidcSession) shows the reason, and its button handles the response again or begins another sign-in.
///
/// ```no_run
/// # fn replace(_address: &str) {}
/// use leptos::prelude::*;
/// use wugan::leptos::{OidcCallback, OidcCallbackOptions};
///
/// #[component]
/// fn SigningIn() -> impl IntoView {
///     let options = OidcCallbackOptions::default().home("/inbox").navigate(replace);
///     view! { <OidcCallback options>"Signing in…"</OidcCallback> }
/// }
/// ```
///
/// # Panics
/// If no component above [provides](super::provide_oidc) a provider.
#[component]
pub fn OidcCallback(
    /// What is shown while the sign-in is under way. Default: nothing.
    #[prop(optional)]
    children: Option<ChildrenFn>,
    /// Where to go, and how.
    #[prop(optional)]
    options: OidcCallbackOptions,
) -> impl IntoView {
    let (oidc, session) = (use_oidc(), use_session());
    let OidcCallbackOptions { home, navigate } = options;
    let is_due = StoredValue::new(true);
    let handle: Attempt = Rc::new(move |provider| {
        let (home, navigate) = (home.clone(), navigate.clone());
        Box::pin(async move {
            // "Try again" on another page.
            if is_due.try_set_value(false).is_some() {
                return provider.sign_in(SignInOptions::last()).await;
            }
            let result = provider.callback().await;
            // A page that is left does not handle the response again.
            if is_due.try_set_value(result.is_err()).is_some() {
                provider.unanswered().take();
            }
            match result {
                Ok(path) => navigate.0(&path),
                // The response was handled before, as when the page is reloaded.
                Err(Error::NoResponse | Error::UnknownState) if session.signed_in.try_get_untracked() == Some(true) => navigate.0(&home),
                Err(error) if provider.unanswered().borrow().is_some() => return Err(error),
                // The next try is another sign-in.
                Err(error) => oidc.fail(error, None),
            }
            Ok(())
        })
    });
    run_effect(Box::new(move || {
        // After a failure, another tab may sign in: then there is nothing to handle.
        session.signed_in.track();
        if is_due.try_get_value() == Some(true) {
            oidc.run(handle.clone());
        }
    }));
    on_cleanup(move || drop(oidc.oidc().map(|provider| provider.unanswered().take())));
    let view: ReactiveView = Box::new(move || match &children {
        Some(children) if oidc.error.with(Option::is_none) => children(),
        _ => ().into_any(),
    });
    view
}
