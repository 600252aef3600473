//! `/sessions`: the account's sessions. The content is a part of its own, loaded when the page is opened.

mod body;

use crate::{
    arrival::Page,
    components::{
        later::{later, part},
        live::head,
    },
};
use leptos::prelude::*;

#[component]
pub(crate) fn Sessions() -> impl IntoView {
    view! {
        <Page title=|t| t.sessions.title>
            {head(|t| t.sessions.title, |t| t.sessions.what)}
            {later(part!(members, body::body))}
        </Page>
    }
}
