//! A guarded page with a GET, and a sign-in page of its own: what `guard_oidc` is compared with.

use leptos::{prelude::*, task::spawn_local};
use serde::Serialize;
use wugan::{
    Client, Error, SignIn,
    leptos::{Guarded, UseGuardOptions, provide_session, use_return_to, use_session},
};

#[derive(Serialize)]
struct Credentials {
    username: &'static str,
    password: &'static str,
}

async fn load(client: Client) -> Result<String, Error> {
    client.get("/bbb").send().await?.text().await
}

async fn sign_in(client: Client) -> Result<SignIn, Error> {
    client.post("/user/login").json(&Credentials { username: "anna", password: "correct horse" }).sign_in().await
}

#[component]
fn App() -> impl IntoView {
    let (session, text) = (use_session(), RwSignal::new(String::new()));
    if location().pathname().is_ok_and(|path| path == "/sign-in") {
        use_return_to();
        let enter = move |_| {
            let client = session.client();
            spawn_local(async move {
                if let Err(error) = sign_in(client).await {
                    text.set(error.to_string());
                }
            });
        };
        return view! { <button on:click=enter>"Sign in"</button> {text} }.into_any();
    }
    let click = move |_| {
        let client = session.client();
        spawn_local(async move { text.set(load(client).await.unwrap_or_else(|error| error.to_string())) });
    };
    let page =
        move || view! { <button on:click=click>"Load"</button> {text} <button on:click=move |_| session.sign_out()>"Sign out"</button> };
    view! { <Guarded options=UseGuardOptions::default()>{page}</Guarded> }.into_any()
}

fn main() {
    mount_to_body(|| {
        if let Ok(client) = Client::new("") {
            provide_session(client);
        }
        view! { <App /> }
    });
}
