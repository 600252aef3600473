//! Wugan in a Leptos app that signs in with an OpenID provider: an open page, a guarded page, and the page for the provider's response.
#![allow(unreachable_pub)] // `#[component]` makes its props `pub`.

use futures::future::join_all;
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, components::*, hooks::use_navigate, path};
use wugan::{Client, leptos::*, oidc::Config};

fn main() {
    let meta = |name| document().query_selector(name).ok().flatten().and_then(|meta| meta.get_attribute("content")).unwrap_or_default();
    let config = Config::new(meta("[name=issuer]"), "wugan-example");
    let config = if meta("[name=prompt]").is_empty() { config } else { config.parameter("prompt", &meta("[name=prompt]")) };
    let config = if meta("[name=api]").is_empty() { config } else { config.resource(meta("[name=api]")) };
    let client = Client::builder("").dpop(meta("[name=dpop]") == "on");
    mount_to_body(|| view! { <OidcSession config client><App /></OidcSession> });
}

#[component]
fn App() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=|| "Page not found.">
                <Route path=path!("/") view=Home />
                <Route path=path!("/account") view=Account />
                <Route path=path!("/callback") view=SigningIn />
            </Routes>
        </Router>
    }
}

#[component]
fn Home() -> impl IntoView {
    let (oidc, session) = (use_oidc(), use_session());
    let state = move || session.user.get().map_or("signed out".to_owned(), |user| format!("signed in as {}", user.id));
    view! { <p>{state}</p> <a href="/account">"Account"</a> <button on:click=move |_| oidc.sign_in_with_popup(Default::default())>"Sign in with a window"</button> }
}

#[component]
fn Account() -> impl IntoView {
    let (oidc, session, answers) = (use_oidc(), use_session(), RwSignal::new(String::new()));
    let send = move |_| {
        answers.set("Sending…".into());
        let Some(oidc) = oidc.oidc() else { return };
        spawn_local(async move {
            let sent = join_all((0..20).map(|_| oidc.user_info())).await.into_iter().flatten();
            answers.try_set(format!("{} answered", sent.count()));
        });
    };
    let user = move || session.user.get().map(|user| format!("The account of {}", user.id));
    let send = move || view! { <button on:click=send>"Send 20 requests"</button> <p id="answers">{answers}</p> };
    view! { <Guarded options=oidc.guard() fallback=|| "Loading…">{user} {send} <button on:click=move |_| oidc.sign_out()>"Sign out"</button></Guarded> }
}

#[component]
fn SigningIn() -> impl IntoView {
    let navigate = use_navigate();
    let go = move |to: &str| navigate(to, NavigateOptions { resolve: false, replace: true, ..Default::default() });
    view! { <OidcCallback options=OidcCallbackOptions::default().navigate(go)>"Signing in…"</OidcCallback> }
}
