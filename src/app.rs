//! The root component: contexts, the frame, and the page of the present route.

use crate::{
    components::{
        ended::DeletedNotice,
        page::provide_navigation,
        part::{Load, PartPage, part},
        shell::Shell,
    },
    connection::provide_connection,
    lang::{Pick, provide_lang, text},
    pages::{account, home::Home, inspector, not_found::NotFound, reset, sessions, sign_in},
    route::{OWN_SESSION, Route, provide_router, use_router},
    session::provide_session,
    theme::provide_theme,
};
use leptos::prelude::*;
use wugan::leptos::{AuthStatus, UseGuardOptions, use_guard_with_options, use_session};

#[component]
pub(crate) fn App() -> impl IntoView {
    provide_lang();
    provide_theme();
    provide_connection();
    provide_navigation();
    provide_router();
    DeletedNotice::provide();
    let session = provide_session();
    let deleted = DeletedNotice::expect();
    Effect::new(move || {
        if session.signed_in.get() {
            deleted.hide();
        }
    });
    view! { <Shell><Outlet /></Shell> }
}

/// Shows the page of the route.
#[component]
fn Outlet() -> impl IntoView {
    let router = use_router();
    move || match router.route() {
        Route::Home => Home().into_any(),
        Route::SignIn => form(|t| t.titles().sign_in, part!(forms, sign_in::sign_in)),
        Route::SignUp => form(|t| t.titles().sign_up, part!(forms, sign_in::sign_up)),
        Route::Reset => form(|t| t.titles().reset, part!(forms, reset::page)),
        Route::Inspector if router.query() == OWN_SESSION => guarded(|t| t.titles().inspector, inspector),
        Route::Inspector => inspector(),
        Route::Account => guarded(
            |t| t.titles().account,
            || view! { <PartPage title=|t| t.titles().account load=part!(members, account::page) /> }.into_any(),
        ),
        Route::Sessions => guarded(
            |t| t.titles().sessions,
            || view! { <PartPage title=|t| t.titles().sessions load=part!(members, sessions::page) /> }.into_any(),
        ),
        Route::Missing => NotFound().into_any(),
    }
}

/// A page with a form that starts a session, so the engine is loaded beside it.
fn form(title: Pick, load: Load) -> AnyView {
    use_session().preload();
    view! { <PartPage title load /> }.into_any()
}

/// The styles are loaded beside the part.
fn inspector() -> AnyView {
    view! {
        <link rel="stylesheet" href="/inspector.css" />
        <link rel="stylesheet" href="/timeline.css" />
        <PartPage title=|t| t.titles().inspector below=|t| t.titles().inspector_what load=part!(inspector, inspector::page) />
    }
    .into_any()
}

/// A page for signed-in users. Others are sent to the sign-in page, which brings them back.
fn guarded(title: Pick, page: fn() -> AnyView) -> AnyView {
    let (session, router) = (use_session(), use_router());
    let status = use_guard_with_options(UseGuardOptions::default().navigate(move |address| router.replace(address))).status;
    let shown = move || {
        if status.get() != AuthStatus::Authenticated {
            return view! {
                <main id="main" class="page" tabindex="-1">
                    <h1>{text(title)}</h1>
                    <p role="status">{text(|t| t.shell().loading)}</p>
                </main>
            }
            .into_any();
        }
        // The page is made anew for another user, so that it keeps nothing of the previous one. `Guarded` would do so for each session, and
        // a change of the password begins one.
        session.user.track();
        page()
    };
    shown.into_any()
}
