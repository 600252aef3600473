//! The page of every unknown path.

use crate::{
    arrival::Page,
    components::live::{head, link},
};
use leptos::prelude::*;

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <Page title=|t| t.missing.title>
            {head(|t| t.missing.title, |t| t.missing.what)}
            <p>{link("", "/", |t| t.missing.go)}</p>
        </Page>
    }
}
