//! A Leptos app that asks no server: what is there before any HTTP client.

use leptos::prelude::*;

fn main() {
    mount_to_body(|| {
        let text = RwSignal::new(String::new());
        view! { <button on:click=move |_| text.set("bbb".to_owned())>"Load"</button> {text} }
    });
}
