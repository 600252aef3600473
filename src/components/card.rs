//! A card with a heading, a sentence and a link.

use crate::lang::{Pick, text};
use leptos::prelude::*;

#[component]
pub(crate) fn DemonstrationCard() -> impl IntoView {
    view! { <Card heading=|t| t.home().demo body=|t| t.home().demo_what link=("/inspector", |t| t.home().demo_go) /> }
}

#[component]
pub(crate) fn Card(heading: Pick, body: Pick, #[prop(optional)] link: Option<(&'static str, Pick)>) -> impl IntoView {
    view! {
        <section class="card">
            <h2>{text(heading)}</h2>
            <p>{text(body)}</p>
            {link.map(|(href, name)| view! { <p><a href=href>{text(name)}</a></p> })}
        </section>
    }
}
