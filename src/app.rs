//! The app: what every page finds, and which page an address leads to.

use crate::{
    arrival::provide_arrival,
    components::{
        live::{Boxed, follow, live},
        notice::Farewell,
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
    route::{Route, provide_way, use_way},
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
    Farewell::provide();
    match Client::new("") {
        Ok(client) => {
            provide_session(client);
            provide_way();
            view! { <Shell><Room /></Shell> }.boxed()
        }
        // Only a page without an origin of its own, such as a file opened from the disk, comes here.
        Err(error) => view! { <p role="alert">{error.to_string()}</p> }.boxed(),
    }
}

/// The page. Who is not signed in is asked to before he sees a guarded one, and gets there afterwards.
#[component]
fn Room() -> impl IntoView {
    let (session, way, farewell) = (use_session(), use_way(), Farewell::expect());
    let must_sign_in = move |route: Route| route.is_guarded() && !session.signed_in.get();
    let shown = Memo::new(move |_| {
        let route = way.at();
        if must_sign_in(route) { Route::SignIn } else { route }
    });
    follow(move || {
        let (route, signed_in) = (way.at(), session.signed_in.get());
        if signed_in {
            farewell.forget();
        }
        if must_sign_in(route) {
            way.go_instead(&format!("{}?next={}", Route::SignIn.path(), route.path()));
        } else if signed_in && matches!(route, Route::SignIn | Route::SignUp) {
            way.go_instead(way.next().path());
        }
    });
    live(move || {
        let route = shown.get();
        if route.is_guarded() {
            // Another tab may have signed somebody else in: what was loaded, typed or said for the one before him goes with his page.
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
