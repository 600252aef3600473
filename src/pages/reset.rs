//! `/reset#code=…`: sets a new password by the one-time link that `wugan-server user reset NAME` prints.

use crate::{
    api::use_api,
    components::{
        field::{Field, Input, TextField},
        page::PageHead,
        strength::StrengthMeter,
        submit::Submit,
    },
    form::Form,
    lang::text,
    route::{Route, use_router},
};
use leptos::{
    ev::{self, SubmitEvent},
    prelude::*,
};

pub(crate) fn page() -> AnyView {
    let code = RwSignal::new(take_code());
    // Another link opened in this tab changes the fragment only.
    let listener = window_event_listener(ev::hashchange, move |_| {
        if let Some(new) = take_code() {
            code.set(Some(new));
        }
    });
    on_cleanup(move || listener.remove());
    let shown = move || match code.get() {
        Some(code) => view! { <ResetForm code /> }.into_any(),
        None => view! { <p class="notice bad" role="alert">{text(|t| t.reset().code_missing)}</p> }.into_any(),
    };
    view! {
        <div class="narrow">
            <PageHead heading=|t| t.titles().reset below=|t| t.reset().what />
            {shown}
        </div>
    }
    .into_any()
}

#[component]
fn ResetForm(code: String) -> impl IntoView {
    let (api, router) = (use_api(), use_router());
    let send = Action::new_local(move |(code, password): &(String, String)| {
        let (code, password) = (code.clone(), password.clone());
        async move { api.reset_password(code, password).await }
    });
    let form = Form::new(send.pending());
    let password = Input::new();
    Effect::new(move || match send.value().get() {
        Some(Ok(())) => router.replace(Route::Home.path()),
        Some(result) => form.show_result(&result),
        None => {}
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let password = password.read();
        if form.validate(&[("new_password", &password, |t| t.problem().password_missing)]) {
            send.dispatch_local((code.clone(), password));
        }
    };
    view! {
        <form class="form" novalidate on:submit=submit>
            <TextField form field=Field::NEW_PASSWORD input=password />
            <StrengthMeter password=password.value />
            <Submit form label=|t| t.reset().set pending_label=|t| t.reset().setting />
        </form>
    }
}

/// The code in the fragment of the address. It is removed from there, so that it does not stay in the history.
fn take_code() -> Option<String> {
    let fragment = window().location().hash().ok()?;
    let code = code_in(&fragment)?;
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(Route::Reset.path()));
    }
    Some(code)
}

/// The code in a fragment such as `#code=…`.
fn code_in(fragment: &str) -> Option<String> {
    let code = fragment.trim_start_matches('#').split('&').find_map(|pair| pair.strip_prefix("code="))?;
    (!code.is_empty()).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::code_in;

    #[test]
    fn the_code_is_read_from_the_fragment() {
        assert_eq!(code_in("#code=a-B_9").as_deref(), Some("a-B_9"));
        assert_eq!(code_in("#x=1&code=abc").as_deref(), Some("abc"));
        for fragment in ["", "#", "#code=", "#decode=1", "#abc"] {
            assert_eq!(code_in(fragment), None, "{fragment}");
        }
    }
}
