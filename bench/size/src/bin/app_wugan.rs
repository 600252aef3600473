//! A JSON sign-in and one guarded GET with wugan.

use leptos::{prelude::*, task::spawn_local};
use serde::Serialize;
use wugan::{
    Client, Error, SignIn,
    leptos::{provide_session, use_session},
};

#[derive(Serialize)]
struct Form<'a> {
    username: &'a str,
    password: &'a str,
}

async fn sign_in(client: Client) -> Result<SignIn, Error> {
    client.post("/user/login").json(&Form { username: "anna", password: "correct horse" }).sign_in().await
}

async fn load(client: Client) -> Result<String, Error> {
    client.get("/bbb").send().await?.text().await
}

fn main() {
    mount_to_body(|| {
        if let Ok(client) = Client::new("") {
            provide_session(client);
        }
        let (session, text) = (use_session(), RwSignal::new(String::new()));
        let enter = move |_| {
            let client = session.client();
            spawn_local(async move {
                if let Err(error) = sign_in(client).await {
                    text.set(error.to_string());
                }
            });
        };
        let click = move |_| {
            let client = session.client();
            spawn_local(async move { text.set(load(client).await.unwrap_or_else(|error| error.to_string())) });
        };
        view! { <button on:click=enter>"Sign in"</button> <button on:click=click>"Load"</button> {text} }
    });
}
