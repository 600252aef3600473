//! One GET with wugan, session and refresh included.

use leptos::{prelude::*, task::spawn_local};
use wugan::{
    Client, Error,
    leptos::{provide_session, use_session},
};

async fn load(client: Client) -> Result<String, Error> {
    client.get("/bbb").send().await?.text().await
}

fn main() {
    mount_to_body(|| {
        if let Ok(client) = Client::new("") {
            provide_session(client);
        }
        let (session, text) = (use_session(), RwSignal::new(String::new()));
        let click = move |_| {
            let client = session.client();
            spawn_local(async move { text.set(load(client).await.unwrap_or_else(|error| error.to_string())) });
        };
        view! { <button on:click=click>"Load"</button> {text} }
    });
}
