//! `/inspector`: sends many requests at once, corrupts tokens, and shows the result. The content is a part of its own, loaded when the page
//! is opened.

mod body;
mod burst;
mod claims;
mod compare;
mod export;
mod lifetime;
mod naive;
mod numbers;
mod trouble;

use crate::{
    arrival::Page,
    components::{
        later::{later, part},
        live::head,
    },
};
use leptos::prelude::*;

#[component]
pub(crate) fn Inspector() -> impl IntoView {
    view! {
        <Page title=|t| t.inspector.title>
            {head(|t| t.inspector.title, |t| t.inspector.what)}
            {later(part!(inspector, body::body))}
        </Page>
    }
}
