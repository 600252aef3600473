//! The page of every unknown path.

use crate::{
    components::page::{Page, PageHead},
    lang::text,
};
use leptos::prelude::*;

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <Page title=|t| t.missing.title>
            <PageHead heading=|t| t.missing.title below=|t| t.missing.what />
            <p><a href="/">{text(|t| t.missing.go)}</a></p>
        </Page>
    }
}
