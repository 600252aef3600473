//! The app: what every page finds, and which page an address leads to.

use crate::{
    arrival::provide_arrival,
    components::{notice::Farewell, shell::Shell},
    connection::provide_connection,
    lang::provide_lang,
    pages::{
        account::Account, home::Home, inspector::Inspector, not_found::NotFound, sessions::Sessions, sign_in::SignIn, sign_up::SignUp,
    },
    theme::provide_theme,
};
use leptos::prelude::*;
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};
use wugan::{
    Client,
    leptos::{Guarded, provide_session},
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
            view! { <Routed /> }.into_any()
        }
        // Only a page without an origin of its own, such as a file opened from the disk, comes here.
        Err(error) => view! { <p role="alert">{error.to_string()}</p> }.into_any(),
    }
}

#[component]
fn Routed() -> impl IntoView {
    view! {
        <Router>
            <Shell>
                <FlatRoutes fallback=NotFound>
                    <Route path=path!("/") view=Home />
                    <Route path=path!("/sign-in") view=SignIn />
                    <Route path=path!("/sign-up") view=SignUp />
                    <Route path=path!("/inspector") view=|| view! { <Guarded fallback_path="/sign-in"><Inspector /></Guarded> } />
                    <Route path=path!("/account") view=|| view! { <Guarded fallback_path="/sign-in"><Account /></Guarded> } />
                    <Route path=path!("/sessions") view=|| view! { <Guarded fallback_path="/sign-in"><Sessions /></Guarded> } />
                </FlatRoutes>
            </Shell>
        </Router>
    }
}
