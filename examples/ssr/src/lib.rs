//! Wugan in a Leptos app that is rendered on a server: the server renders the guard's fallback, because the tokens are in the browser.
//!
//! The server also has to forward `/user/…` to a wugan-server, or be one.

use leptos::prelude::*;
use wugan::{Client, leptos::*};

/// The same component on the server and in the browser.
#[component]
pub fn App() -> impl IntoView {
    Client::new("").map(|client| {
        provide_session(client);
        view! { <main><Guarded fallback=|| view! { <p>"Loading…"</p> }><Account /></Guarded></main> }
    })
}

#[component]
fn Account() -> impl IntoView {
    let session = use_session();
    let name = move || session.user.get().and_then(|user| user.name);
    view! { <p>"Hello " {name}</p><button on:click=move |_| session.sign_out()>"Sign out"</button> }
}

/// Called by the page's script, see `main.rs`.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(App);
}

/// The page: the app's HTML, the arrays that Leptos reads while it hydrates, and the script.
#[cfg(feature = "ssr")]
#[must_use]
pub fn page() -> String {
    let app = Owner::new().with(|| view! { <App /> }.to_html());
    format!(
        "<!doctype html><html><head><meta charset=utf-8><title>Wugan</title>\
        <script>__RESOLVED_RESOURCES = []; __SERIALIZED_ERRORS = []; __INCOMPLETE_CHUNKS = [];</script>\
        <script type=module>import init, {{ hydrate }} from '/pkg/wugan_example_ssr.js'; await init(); hydrate();</script>\
        </head><body>{app}</body></html>"
    )
}
