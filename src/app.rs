//! The root component: contexts, the frame, and the page of the present route.

use crate::{
    components::{ended::DeletedNotice, page::provide_navigation, shell::Shell},
    connection::provide_connection,
    lang::{provide_lang, text},
    pages::{
        account::Account,
        home::Home,
        inspector::{Inspector, OWN_SESSION},
        not_found::NotFound,
        reset::Reset,
        sessions::Sessions,
        sign_in::{SignIn, SignUp},
    },
    route::{Route, provide_router, use_router},
    theme::provide_theme,
};
use leptos::prelude::*;
use wugan::{
    Client,
    leptos::{AuthStatus, UseGuardOptions, provide_session, use_guard_with_options, use_session},
};

#[component]
pub(crate) fn App() -> impl IntoView {
    provide_lang();
    provide_theme();
    provide_connection();
    provide_navigation();
    provide_router();
    DeletedNotice::provide();
    match Client::new("") {
        Ok(client) => {
            let session = provide_session(client);
            let deleted = DeletedNotice::expect();
            Effect::new(move || {
                if session.signed_in.get() {
                    deleted.hide();
                }
            });
            view! { <Shell><Outlet /></Shell> }.into_any()
        }
        // Only a page without an origin, such as a file opened from the disk, has no client.
        Err(error) => view! { <p role="alert">{error.to_string()}</p> }.into_any(),
    }
}

/// Shows the page of the route.
#[component]
fn Outlet() -> impl IntoView {
    let router = use_router();
    move || match router.route() {
        Route::Home => Home().into_any(),
        Route::SignIn => SignIn().into_any(),
        Route::SignUp => SignUp().into_any(),
        Route::Reset => Reset().into_any(),
        Route::Inspector if router.query() == OWN_SESSION => guarded(|| Inspector().into_any()),
        Route::Inspector => Inspector().into_any(),
        Route::Account => guarded(|| Account().into_any()),
        Route::Sessions => guarded(|| Sessions().into_any()),
        Route::Missing => NotFound().into_any(),
    }
}

/// A page for signed-in users. Others are sent to the sign-in page, which brings them back.
fn guarded(page: fn() -> AnyView) -> AnyView {
    let (session, router) = (use_session(), use_router());
    let status = use_guard_with_options(UseGuardOptions::default().navigate(move |address| router.replace(address))).status;
    let shown = move || {
        if status.get() != AuthStatus::Authenticated {
            return view! { <main id="main" class="page" tabindex="-1"><p role="status">{text(|t| t.shell.loading)}</p></main> }.into_any();
        }
        // The page is made anew for another user, so that it keeps nothing of the previous one. `Guarded` would do so for each session, and
        // a change of the password begins one.
        session.user.track();
        page()
    };
    shown.into_any()
}
