//! Code splitting: a part is a wasm module of its own, which is loaded when its page is opened. Shows that it loads, and what to do if it
//! cannot be loaded. A release build makes the modules; in `trunk serve` the app is one module.

use super::page::{Page, PageHead, focus_content};
use crate::{
    connection::use_connection,
    lang::{Pick, text},
};
use futures::future::LocalBoxFuture;
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local, wasm_split::SplitLoaderError};

/// Makes the view of a loaded part.
pub(crate) type Make = fn() -> AnyView;

/// Loads a part, and returns the function in it. After a failure the next call tries again.
pub(crate) type Load<F = Make> = fn() -> LocalBoxFuture<'static, Result<F, SplitLoaderError>>;

/// The wait before a failed load is repeated once, in milliseconds: while a new version is being deployed, the next server may have the
/// file.
const RETRY_AFTER: u32 = 1_000;

/// A page that is loaded when it is opened.
#[component]
pub(crate) fn PartPage(
    title: Pick,
    /// The sentence below the heading, if it is known before the part is loaded.
    #[prop(optional)]
    below: Option<Pick>,
    load: Load,
) -> impl IntoView {
    let connection = use_connection();
    let (part, failed) = (RwSignal::new(None::<Make>), RwSignal::new(false));
    let start = move || {
        failed.set(false);
        spawn_local(async move {
            let mut loaded = load().await;
            // If the server is down, the part is loaded when it is back.
            if loaded.is_err() && !connection.is_down().await {
                TimeoutFuture::new(RETRY_AFTER).await;
                loaded = load().await;
            }
            // The page may have been closed.
            match loaded {
                Ok(make) => drop(part.try_set(Some(make))),
                Err(_) => drop(failed.try_set(true)),
            }
        });
    };
    Effect::new(move || {
        connection.track_retries();
        if part.get_untracked().is_none() {
            start();
        }
    });
    let retry = move || {
        focus_content();
        start();
    };
    let content = move || {
        if let Some(make) = part.get() {
            return make();
        }
        let outcome = if failed.get() {
            view! {
                <p class="notice bad" role="alert">{text(|t| t.shell().not_loaded)}</p>
                <RetryOrReload on_retry=UnsyncCallback::new(move |()| retry()) />
            }
            .into_any()
        } else {
            loading()
        };
        let head = match below {
            Some(below) => view! { <PageHead heading=title below /> }.into_any(),
            None => view! { <h1>{text(title)}</h1> }.into_any(),
        };
        view! { {head} {outcome} }.into_any()
    };
    view! { <Page title>{content}</Page> }
}

/// Says that something is loading, and after some seconds that it takes long.
pub(crate) fn loading() -> AnyView {
    view! {
        <p class="answer" role="status">{text(|t| t.shell().loading)}</p>
        <div class="notice late">
            <p role="alert">{text(|t| t.shell().slow)}</p>
            <Reload />
        </div>
    }
    .into_any()
}

/// What can be done about a part that could not be loaded. After a deployment the old version's parts are gone: only a reload helps.
#[component]
pub(crate) fn RetryOrReload(on_retry: UnsyncCallback<()>) -> impl IntoView {
    view! {
        <div class="buttons retry">
            <button type="button" on:click=move |_| on_retry.run(())>{text(|t| t.shell().try_again)}</button>
            <Reload />
        </div>
    }
}

/// The script in `index.html` listens to it.
#[component]
fn Reload() -> impl IntoView {
    view! { <button type="button" class="reload">{text(|t| t.shell().reload)}</button> }
}

/// A [`Load`] of the part with this name that returns this function.
macro_rules! part {
    ($name:ident, $function:path) => {
        part!($name, $function, $crate::components::part::Make)
    };
    ($name:ident, $function:path, $type:ty) => {{
        use leptos::wasm_split::SplitLoaderError;

        #[cfg(feature = "split")]
        #[leptos::wasm_split::wasm_split($name, wasm_split_path = ::leptos::wasm_split, fallible)]
        fn $name() -> Result<$type, SplitLoaderError> {
            Ok($function)
        }
        // Not split: the part is already loaded.
        #[cfg(not(feature = "split"))]
        async fn $name() -> Result<$type, SplitLoaderError> {
            Ok($function)
        }
        || Box::pin($name())
    }};
}
pub(crate) use part;
