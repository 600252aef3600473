//! `/sessions`: the devices on which the account is signed in. The content is a part of its own, loaded when the page is opened.

mod body;

use crate::components::{
    page::{Page, PageHead},
    part::{Part, part},
};
use leptos::prelude::*;

#[component]
pub(crate) fn Sessions() -> impl IntoView {
    view! {
        <Page title=|t| t.sessions.title>
            <PageHead heading=|t| t.sessions.title below=|t| t.sessions.what />
            <Part load=part!(members, body::body) />
        </Page>
    }
}
