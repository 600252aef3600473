//! A Leptos app without HTTP: the baseline.

use leptos::prelude::*;

fn main() {
    mount_to_body(|| {
        let text = RwSignal::new(String::new());
        view! { <button on:click=move |_| text.set("bbb".to_owned())>"Load"</button> {text} }
    });
}
