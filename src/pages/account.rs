//! `/account`: who I am since when; a new password; the account's end, in two steps. Its frame is here; all else comes when it is opened.

mod delete;
mod desk;
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
            {later(part!(members, desk::desk))}
        </Page>
    }
}

/// Tells a password manager whose password it is.
fn whose(name: Derived<String>) -> AnyView {
    view! { <input type="text" name="username" autocomplete="username" prop:value=name readonly hidden /> }.boxed()
}
