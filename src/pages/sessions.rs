//! `/sessions`: everywhere I am signed in; ending one, or all others. Its frame is here; all else comes when it is opened.

mod desk;

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
            {later(part!(members, desk::desk))}
        </Page>
    }
}
