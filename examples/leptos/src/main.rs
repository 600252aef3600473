//! Wugan in a Leptos app with leptos_router: a page for those who are signed in, and the way there.
#![allow(unreachable_pub)] // What `#[component]` makes is `pub`, and an app has nobody to show it to.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, components::*, hooks::use_navigate, path};
use wugan::{Client, Request, SignIn, leptos::*};

fn main() {
    mount_to_body(|| {
        Client::new("").map(|client| {
            provide_session(client);
            view! {
                <Router>
                    <Routes fallback=|| "There is no such page.">
                        <Route path=path!("/") view=Account />
                        <Route path=path!("/sign-in") view=SignInPage />
                    </Routes>
                </Router>
            }
        })
    });
}

#[component]
fn Account() -> impl IntoView {
    let session = use_session();
    let me = use_session_resource(|client| async move { client.get("/user/me").await?.text().await });
    view! {
        <Guarded options=UseGuardOptions::default().navigate(by_router()) fallback=|| "One moment…">
            <p>{move || me.value.get().map(|me| me.unwrap_or_else(|error| error.to_string()))}</p>
            <button on:click=move |_| session.sign_out()>"Sign out"</button>
        </Guarded>
    }
}

#[component]
fn SignInPage() -> impl IntoView {
    use_way_back_with_options(UseWayBackOptions::default().navigate(by_router()));
    let session = use_session();
    let [username, password, said] = [(); 3].map(|()| RwSignal::new(String::new()));
    let sign_in = move |event: SubmitEvent| {
        event.prevent_default();
        let form = serde_json::json!({ "username": username.get(), "password": password.get() });
        spawn_local(async move {
            match session.client().sign_in(Request::post("/user/login").json(&form)).await {
                Ok(SignIn::Done) => {}
                Ok(SignIn::Refused(answer)) => said.set(answer.text().await.unwrap_or_default()),
                Err(error) => said.set(error.to_string()),
            }
        });
    };
    let form = view! { <input bind:value=username /> <input bind:value=password type="password" /> <button>"Sign in"</button> };
    view! { <p>{said}</p> <form on:submit=sign_in>{form}</form> }
}

fn by_router() -> impl Fn(&str) {
    let go = use_navigate();
    move |to| go(to, NavigateOptions { replace: true, ..Default::default() })
}
