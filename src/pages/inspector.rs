//! `/inspector`: many requests at once, a token broken on purpose, and what came of it. Its frame is here; all else comes when it is opened.

mod burst;
mod claims;
mod compare;
mod desk;
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
            {later(part!(inspector, desk::desk))}
        </Page>
    }
}
