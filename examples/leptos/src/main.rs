//! Wugan in a Leptos app with leptos_router: a guarded page and its sign-in page.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, components::*, hooks::use_navigate, path};
use wugan::{Client, SignIn, leptos::*};

fn main() {
    mount_to_body(|| {
        Client::new("").map(|client| {
            provide_session(client);
            view! {
                <Router>
                    <Routes fallback=|| "Page not found.">
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
    let me = use_session_resource(|client| async move { client.get("/user/me").send().await?.text().await });
    view! {
        <Guarded options=UseGuardOptions::default().navigate(by_router()) fallback=|| "Loading…">
            <p>{move || me.value.get().map(|me| me.unwrap_or_else(|error| error.to_string()))}</p>
            <button on:click=move |_| session.sign_out()>"Sign out"</button>
        </Guarded>
    }
}

#[component]
fn SignInPage() -> impl IntoView {
    use_return_to_with_options(UseReturnToOptions::default().navigate(by_router()));
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

fn by_router() -> impl Fn(&str) {
    let navigate = use_navigate();
    move |to| navigate(to, NavigateOptions { resolve: false, replace: true, ..Default::default() })
}
