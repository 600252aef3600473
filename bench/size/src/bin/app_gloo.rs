//! A JSON sign-in and one guarded GET with gloo-net, without refresh: the session ends with its first access token.

use gloo_net::http::Request;
use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Form<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

async fn sign_in() -> Result<Tokens, gloo_net::Error> {
    Request::post("/user/login").json(&Form { username: "anna", password: "correct horse" })?.send().await?.json().await
}

async fn load(token: &str) -> Result<String, gloo_net::Error> {
    Request::get("/bbb").header("authorization", &format!("Bearer {token}")).send().await?.text().await
}

fn main() {
    mount_to_body(|| {
        let (token, text) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
        let enter = move |_| {
            spawn_local(async move {
                match sign_in().await {
                    Ok(tokens) => token.set(tokens.access_token),
                    Err(error) => text.set(error.to_string()),
                }
            });
        };
        let click = move |_| {
            spawn_local(async move { text.set(load(&token.get_untracked()).await.unwrap_or_else(|error| error.to_string())) });
        };
        view! { <button on:click=enter>"Sign in"</button> <button on:click=click>"Load"</button> {text} }
    });
}
