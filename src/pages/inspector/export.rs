//! Saves the timeline as a file. Events contain no secrets.

use crate::lang::text;
use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wugan_timeline::{Record, UseTimeline};

#[component]
pub(super) fn Export(timeline: UseTimeline) -> impl IntoView {
    let press = move |_| {
        // The browser reports a failure itself.
        let _ = save("wugan-timeline.json", &timeline.with_untracked(Record::to_json));
    };
    view! { <button type="button" class="small" on:click=press>{text(|t| t.inspector().export)}</button> }
}

fn save(name: &str, text: &str) -> Result<(), JsValue> {
    let blob = web_sys::Blob::new_with_str_sequence(&Array::of1(&text.into()))?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    web_sys::Url::revoke_object_url(&url)
}
