//! Data of the signed-in user that a page shows: loaded for each session, again when the server is back, and on a button.

use crate::{
    api::use_api,
    components::{page::focus_content_from_retry, retry::RetryButton},
    connection::use_connection,
    lang::{text, use_lang},
    problem::{Message, Problem},
};
use leptos::prelude::*;
use wugan::leptos::{UseSessionResourceReturn, use_session_resource};

/// A response's text. Not parsed yet, so that the machinery of a resource is compiled once, and not for each type.
pub(crate) type Data = UseSessionResourceReturn<Result<String, Problem>>;

/// Loads a path.
pub(crate) fn use_data(path: &'static str) -> Data {
    let (api, connection) = (use_api(), use_connection());
    use_session_resource(move |_| {
        connection.track_retries();
        async move {
            let loaded = api.load(path).await;
            if loaded.is_ok() {
                focus_content_from_retry();
            }
            loaded
        }
    })
}

/// Renders loading, an error with a retry button, or the loaded value. `parse` returns `None` for a text that is not what the route sends.
pub(crate) fn loaded<T: 'static>(data: Data, parse: fn(&str) -> Option<T>, view: impl Fn(T) -> AnyView + Send + 'static) -> impl IntoView {
    let lang = use_lang();
    let value = move || data.value.get().map(|body| body.and_then(|body| parse(&body).ok_or(Problem::Unexpected)));
    let status = move || match value() {
        None => Some(view! { <p class="answer">{text(|t| t.shell().loading)}</p> }.into_any()),
        Some(Err(problem)) => {
            // It is loaded again when the server is back.
            let message = if problem == Problem::Unreachable { Message::Plain(|t| t.problem().later) } else { problem.message() };
            Some(view! { <p class="notice bad">{message.text(lang.get())}</p> }.into_any())
        }
        Some(Ok(_)) => None,
    };
    let content = move || match value() {
        None => ().into_any(),
        Some(Err(_)) => view! { <RetryButton pending=move || data.pending.get() on_press=move || data.refetch() /> }.into_any(),
        Some(Ok(value)) => view(value),
    };
    view! { <div role="status">{status}</div> {content} }
}
