//! A Leptos app that is rendered on a server and hydrated in the browser. The tokens are in the browser, so the server renders "Loading…".

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use wugan::{Client, SignIn, leptos::*};

/// The same component on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    Client::new("").map(|client| {
        let session = provide_session(client);
        let loading = || view! { <p>"Loading…"</p> };
        let page = move || view! { <Show when=move || session.signed_in.get() fallback=SignInForm><Account /></Show> };
        view! { <main><Show when=move || session.ready.get() fallback=loading>{page}</Show></main> }
    })
}

#[component]
fn Account() -> impl IntoView {
    let session = use_session();
    let me = use_session_resource(|client| async move { client.get("/user/me").send().await?.text().await });
    view! {
        <p>{move || me.value.get().map(|me| me.unwrap_or_else(|error| error.to_string()))}</p>
        <button on:click=move |_| session.sign_out()>"Sign out"</button>
    }
}

#[component]
fn SignInForm() -> impl IntoView {
    let session = use_session();
    let [username, password, message] = [(); 3].map(|()| RwSignal::new(String::new()));
    let sign_in = move |event: SubmitEvent| {
        event.prevent_default();
        let form = serde_json::json!({ "username": username.get(), "password": password.get() });
        spawn_local(async move {
            match session.client().post("/user/login").json(&form).sign_in().await {
                Ok(SignIn::Done(_)) => {}
                Ok(SignIn::Refused(response)) => message.set(response.text().await.unwrap_or_default()),
                Err(error) => message.set(error.to_string()),
            }
        });
    };
    let name = view! { <label>"Username " <input bind:value=username autocomplete="username" /></label> };
    let secret = view! { <label>"Password " <input bind:value=password type="password" /></label> };
    view! { <p role="alert">{message}</p> <form on:submit=sign_in>{name} {secret} <button>"Sign in"</button></form> }
}

/// Called by the page's script, see `main.rs`.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(App);
}
