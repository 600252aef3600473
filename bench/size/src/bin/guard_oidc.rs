//! A guarded page with a GET, and sign-in with an OpenID provider.

use leptos::{prelude::*, task::spawn_local};
use wugan::{
    Client, Error,
    leptos::{Guarded, OidcCallback, OidcSession, use_oidc, use_session},
    oidc::Config,
};

async fn load(client: Client) -> Result<String, Error> {
    client.get("/bbb").send().await?.text().await
}

#[component]
fn App() -> impl IntoView {
    let (oidc, session, text) = (use_oidc(), use_session(), RwSignal::new(String::new()));
    if location().pathname().is_ok_and(|path| path == "/callback") {
        return view! { <OidcCallback>"Signing in…"</OidcCallback> }.into_any();
    }
    let click = move |_| {
        let client = session.client();
        spawn_local(async move { text.set(load(client).await.unwrap_or_else(|error| error.to_string())) });
    };
    let page =
        move || view! { <button on:click=click>"Load"</button> {text} <button on:click=move |_| oidc.sign_out()>"Sign out"</button> };
    view! { <Guarded options=oidc.guard()>{page}</Guarded> }.into_any()
}

fn main() {
    let config = Config::new("https://login.example.com", "my-app");
    mount_to_body(|| view! { <OidcSession config client=Client::builder("")><App /></OidcSession> });
}
