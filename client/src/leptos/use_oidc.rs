//! Sign-in with an OpenID provider, for components.

use super::{
    UseGuardOptions,
    lifetime::{is_on_server, outliving},
    provide_session,
    restored::on_restored,
    use_session,
};
use crate::{
    AuthState, SignOutReason,
    oidc::{Error, Oidc, SignInOptions},
};
use futures::future::{LocalBoxFuture, ready};
use leptos::{prelude::*, task::spawn_local};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Signs in or out, or handles a response. A closure, so that an app that opens no windows has none of their code.
pub(super) type Attempt = Rc<dyn Fn(Oidc) -> LocalBoxFuture<'static, Result<(), Error>>>;

#[derive(Clone)]
struct Provided {
    oidc: Oidc,
    /// The last attempt. `None`: the last sign-in of this tab, which another page began by a redirect.
    latest: Rc<RefCell<Option<Attempt>>>,
}

/// Return value of [`use_oidc`]; `Copy`, so that closures can share it.
#[derive(Clone, Copy, Debug)]
pub struct UseOidcReturn {
    /// Why the last sign-in or sign-out failed; `None` while there is nothing to report, and once a user is signed in.
    pub error: RwSignal<Option<Error>>,
    /// `None` on a server.
    provided: Option<StoredValue<Provided, LocalStorage>>,
}

impl UseOidcReturn {
    /// What was [provided](provide_oidc). `None` on a server, and when the component that provides it is gone.
    #[must_use]
    pub fn oidc(&self) -> Option<Oidc> {
        self.provided().map(|provided| provided.oidc)
    }

    fn provided(&self) -> Option<Provided> {
        self.provided.and_then(|provided| provided.try_get_value())
    }

    /// Sends the browser to the provider, and back to this page.
    pub fn sign_in(&self) {
        self.sign_in_with(SignInOptions::default());
    }

    /// Sends the browser to the provider with options.
    pub fn sign_in_with(&self, options: SignInOptions) {
        self.run(Rc::new(move |oidc| {
            let options = options.clone();
            Box::pin(async move { oidc.sign_in(options).await })
        }));
    }

    /// Opens a window for the sign-in. Call it in the handler of a click.
    pub fn sign_in_with_popup(&self, options: SignInOptions) {
        self.run(Rc::new(move |oidc| Box::pin(oidc.sign_in_with_popup(options.clone()))));
    }

    /// Ends the session in all tabs and at the provider. [`use_session`]'s `sign_out` leaves the provider's session: a sign-in on another
    /// page than the [signed-out page](crate::oidc::Config::signed_out_path) asks the user nothing then.
    pub fn sign_out(&self) {
        self.run(sign_out());
    }

    /// Tries again what the [`error`](Self::error) ended: signs in by a window or by a redirect as before, with the same options, or signs
    /// out. Below an [`OidcCallback`](super::OidcCallback), it exchanges the code again if the token endpoint has not answered yet. Call it
    /// in the handler of a click.
    pub fn try_again(&self) {
        let Some(Provided { latest, .. }) = self.provided() else { return };
        match latest.take() {
            Some(attempt) => self.run(attempt),
            None => self.sign_in_with(SignInOptions::last()),
        }
    }

    /// Options for [`Guarded`](super::Guarded) and [`use_guard`](super::use_guard()) that send the visitor to the provider instead of showing
    /// the page. The browser's back button then returns to the page before the guarded one. After a sign-out the visitor gets
    /// [`signed_out_path`](crate::oidc::Config::signed_out_path). If the provider cannot be reached, or right after a sign-in, the page stays
    /// and [`error`](Self::error) says why, which [`OidcSession`](super::OidcSession) shows.
    ///
    /// # Panics
    /// If no component above [provides](provide_oidc) a provider.
    #[must_use]
    pub fn guard(&self) -> UseGuardOptions {
        let (this, session) = (*self, use_session());
        let was_signed_in = Rc::new(Cell::new(false));
        let seen = was_signed_in.clone();
        run_effect(Box::new(move || seen.set(seen.get() || session.signed_in.get())));
        UseGuardOptions::default().navigate(move |_| {
            let Some(oidc) = this.oidc().filter(|oidc| !oidc.is_leaving()) else { return };
            let Some(AuthState::SignedOut { reason }) = session.state.try_get_untracked() else { return };
            // The provider may still know the user, and would sign the user in again at once.
            let is_sign_out = matches!(reason, Some(SignOutReason::ByUser | SignOutReason::OtherTab));
            if is_sign_out && was_signed_in.get() && !oidc.is_signed_out_page() {
                if let Err(error) = oidc.show_signed_out_page() {
                    this.fail(*error, Some(sign_out()));
                }
            } else if oidc.has_just_signed_in() {
                this.fail(Error::SessionNotKept, None);
            } else {
                this.sign_in_with(SignInOptions::default().replace_page());
            }
        })
    }

    /// Begins an attempt, and reports why it fails, unless another one was begun meanwhile. A window is opened before this returns.
    pub(super) fn run(self, attempt: Attempt) {
        let Some(Provided { oidc, latest }) = self.provided() else { return };
        self.clear_error();
        latest.replace(Some(attempt.clone()));
        let running = attempt(oidc);
        spawn_local(async move {
            let Err(error) = running.await else { return };
            // An earlier attempt may fail after a later one has succeeded.
            if latest.borrow().as_ref().is_some_and(|latest| Rc::ptr_eq(latest, &attempt)) {
                self.error.try_set(Some(error));
            }
        });
    }

    /// Writes the signal only if an error is set: each write rebuilds the views that read it.
    fn clear_error(self) {
        if self.error.try_with_untracked(Option::is_some) == Some(true) {
            self.error.try_set(None);
        }
    }

    /// Reports an error, and what [`try_again`](Self::try_again) is to do. `None`: the last sign-in of this tab, by a redirect.
    pub(super) fn fail(self, error: Error, attempt: Option<Attempt>) {
        if let Some(provided) = self.provided() {
            provided.latest.replace(attempt);
            self.error.try_set(Some(error));
        }
    }
}

/// Behind a pointer: an effect of another type takes more code.
pub(super) fn run_effect(effect: Box<dyn Fn()>) {
    Effect::new(effect);
}

fn sign_out() -> Attempt {
    Rc::new(|oidc| Box::pin(ready(oidc.sign_out())))
}

/// Provides a connected provider and its [session](super::provide_session) to this component and all below it.
/// [`OidcSession`](super::OidcSession) connects and calls this.
pub fn provide_oidc(oidc: Oidc) -> UseOidcReturn {
    let session = provide_session(oidc.client().clone());
    let restored = oidc.clone();
    on_restored(move || restored.clear_leaving());
    let provided = outliving(|| UseOidcReturn {
        error: RwSignal::new(None),
        provided: (!is_on_server()).then(|| StoredValue::new_local(Provided { oidc, latest: Rc::default() })),
    });
    run_effect(Box::new(move || {
        if session.signed_in.get() {
            provided.clear_error();
        }
    }));
    provide_context(provided);
    provided
}

/// The provider that a component above [provides](provide_oidc).
///
/// ```no_run
/// use leptos::prelude::*;
/// use wugan::{leptos::use_oidc, oidc::SignInOptions};
///
/// #[component]
/// fn SignIn() -> impl IntoView {
///     let oidc = use_oidc();
///     view! {
///         <button on:click=move |_| oidc.sign_in_with(SignInOptions::default().return_to("/notes"))>"Sign in"</button>
///         {move || oidc.error.get().map(|error| error.to_string())}
///     }
/// }
/// ```
///
/// # Panics
/// If no component above provides one.
#[must_use]
pub fn use_oidc() -> UseOidcReturn {
    expect_context()
}
