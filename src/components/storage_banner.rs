//! A banner about the stored session: it could not be read, or it ends with the page. It is in the part of the session's engine,
//! which emits the warnings.

use crate::lang::{Pick, use_lang};
use leptos::prelude::*;
use wugan::{AuthState, Warning, leptos::use_session};

#[component]
pub(crate) fn StorageBanner() -> impl IntoView {
    let (session, lang) = (use_session(), use_lang());
    move || {
        let state = session.state.get();
        let pick = session.warnings().iter().find_map(|warning| text_of(warning, state))?;
        Some(view! { <p class="banner" role="alert">{pick(lang.get())}</p> })
    }
}

/// The text of a warning, if it matters in this state.
fn text_of(warning: &Warning, state: AuthState) -> Option<Pick> {
    match (warning, state) {
        // Not after a later session has ended.
        (Warning::StoreUnreadable, AuthState::SignedOut { reason: None }) => Some(|t| t.storage().unreadable),
        (Warning::StoreDenied | Warning::StoreFull, AuthState::SignedIn) => Some(|t| t.storage().memory_only),
        (Warning::StoreOfLaterVersion, AuthState::SignedIn) => Some(|t| t.storage().later_version),
        (Warning::StoreOfOtherBackend, AuthState::SignedIn) => Some(|t| t.storage().other_backend),
        _ => None,
    }
}
