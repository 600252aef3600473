//! `/account`: account details, password change, and account deletion. The content is a part of its own, loaded when the page is opened.

mod body;
mod delete;
mod password;
mod username;

use crate::{
    components::{
        page::Page,
        part::{Part, part},
    },
    lang::text,
};
use leptos::prelude::*;

#[component]
pub(crate) fn Account() -> impl IntoView {
    view! {
        <Page title=|t| t.account.title>
            <h1>{text(|t| t.account.title)}</h1>
            <Part load=part!(members, body::body) />
        </Page>
    }
}
