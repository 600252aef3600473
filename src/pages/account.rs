//! `/account`: account details, password change, and account deletion. The content is a part of its own, loaded when the page is opened.

mod body;
mod delete;
mod password;

use crate::{
    arrival::Page,
    components::{
        later::{later, part},
        live::Boxed,
    },
    derived::Derived,
    lang::text,
};
use leptos::prelude::*;

#[component]
pub(crate) fn Account() -> impl IntoView {
    view! {
        <Page title=|t| t.account.title>
            <h1>{text(|t| t.account.title)}</h1>
            {later(part!(members, body::body))}
        </Page>
    }
}

/// The hidden username that password managers need.
fn username_field(name: Derived<String>) -> AnyView {
    view! { <input type="text" name="username" autocomplete="username" prop:value=name readonly hidden /> }.boxed()
}
