//! The page of every unknown path.

use crate::{
    components::page::{Page, PageHead},
    lang::text,
};
use leptos::prelude::*;

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <Page title=|t| t.titles().missing>
            <PageHead heading=|t| t.titles().missing below=|t| t.missing().what />
            <p><a href="/">{text(|t| t.missing().go)}</a></p>
        </Page>
    }
}
