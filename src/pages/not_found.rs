//! For every address that leads nowhere.

use crate::{arrival::Page, lang::text};
use leptos::prelude::*;
use leptos_router::components::A;

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <Page title=|t| t.missing.title>
            <div class="head">
                <h1>{text(|t| t.missing.title)}</h1>
                <p>{text(|t| t.missing.what)}</p>
            </div>
            <p><A href="/">{text(|t| t.missing.go)}</A></p>
        </Page>
    }
}
