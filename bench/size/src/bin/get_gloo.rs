//! One GET with gloo-net.

use gloo_net::http::Request;
use leptos::{prelude::*, task::spawn_local};

async fn load() -> Result<String, gloo_net::Error> {
    Request::get("/bbb").send().await?.text().await
}

fn main() {
    mount_to_body(|| {
        let text = RwSignal::new(String::new());
        let click = move |_| spawn_local(async move { text.set(load().await.unwrap_or_else(|error| error.to_string())) });
        view! { <button on:click=click>"Load"</button> {text} }
    });
}
