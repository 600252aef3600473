//! The signed-in user's name.

use leptos::prelude::*;
use wugan::leptos::use_session;

pub(super) fn use_username() -> Signal<String> {
    let session = use_session();
    Signal::derive(move || session.user.get().and_then(|user| user.name).unwrap_or_default())
}

/// The hidden field by which password managers know whose password is typed.
#[component]
pub(super) fn UsernameField() -> impl IntoView {
    let name = use_username();
    view! { <input type="text" name="username" autocomplete="username" prop:value=name readonly hidden /> }
}
