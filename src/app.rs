//! The root component: contexts, the frame, and the page of the present route.

use crate::{
    arrival::provide_arrival,
    components::{
        live::{Boxed, effect, live},
        notice::DeletedNotice,
        shell::Shell,
    },
    connection::provide_connection,
    lang::provide_lang,
    pages::{
        account::Account,
        home::Home,
        inspector::Inspector,
        not_found::NotFound,
        sessions::Sessions,
        sign_in::{SignIn, SignUp},
    },
    route::{Route, provide_router, use_router},
    theme::provide_theme,
};
use leptos::prelude::*;
use wugan::{
    Client,
    leptos::{provide_session, use_session},
};

#[component]
pub(crate) fn App() -> impl IntoView {
    provide_lang();
    provide_theme();
    provide_connection();
    provide_arrival();
    DeletedNotice::provide();
    match Client::new("") {
        Ok(client) => {
            provide_session(client);
            provide_router();
            view! { <Shell><Outlet /></Shell> }.boxed()
        }
        // Only a page without an origin, such as a file opened from the disk, has no client.
        Err(error) => view! { <p role="alert">{error.to_string()}</p> }.boxed(),
    }
}

/// Shows the page of the route. A guarded page asks a signed-out user to sign in first, and opens after that.
#[component]
fn Outlet() -> impl IntoView {
    let (session, router, deleted) = (use_session(), use_router(), DeletedNotice::expect());
    let must_sign_in = move |route: Route| route.is_guarded() && !session.signed_in.get();
    let shown = Memo::new(move |_| {
        let route = router.route();
        if must_sign_in(route) { Route::SignIn } else { route }
    });
    effect(move || {
        let (route, signed_in) = (router.route(), session.signed_in.get());
        if signed_in {
            deleted.hide();
        }
        if must_sign_in(route) {
            router.replace(&format!("{}?next={}", Route::SignIn.path(), route.path()));
        } else if signed_in && matches!(route, Route::SignIn | Route::SignUp) {
            router.replace(router.next().path());
        }
    });
    live(move || {
        let route = shown.get();
        if route.is_guarded() {
            // Another user may sign in in another tab: the page is made anew, so that it keeps nothing of the previous user.
            session.user.track();
        }
        match route {
            Route::Home => Home().into_any(),
            Route::SignIn => SignIn().into_any(),
            Route::SignUp => SignUp().into_any(),
            Route::Inspector => Inspector().into_any(),
            Route::Account => Account().into_any(),
            Route::Sessions => Sessions().into_any(),
            Route::Missing => NotFound().into_any(),
        }
    })
}
