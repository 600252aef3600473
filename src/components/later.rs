//! Code splitting: a page's content is loaded from a file of its own when the page is opened (`cargo xtask serve` makes those files; in
//! `trunk serve` the app is one file). Shows that it loads, and what to do if it cannot be loaded.

use super::live::{Boxed, button, effect, live};
use crate::{arrival::focus_content, connection::use_connection, lang::text};
use futures::future::LocalBoxFuture;
use leptos::{prelude::*, task::spawn_local, wasm_split::SplitLoaderError};

/// Makes the view of a loaded part.
pub(crate) type Part = fn() -> AnyView;

/// Loads a part. After a failure the next call tries again.
pub(crate) type Fetch = fn() -> LocalBoxFuture<'static, Result<Part, SplitLoaderError>>;

pub(crate) fn later(fetch: Fetch) -> AnyView {
    let connection = use_connection();
    let part = RwSignal::new(None::<Result<Part, ()>>);
    let load = move || {
        part.set(None);
        spawn_local(async move {
            let fetched = fetch().await.map_err(drop);
            // If the server is down, the part is loaded when it is back.
            if fetched.is_err() {
                connection.is_down().await;
            }
            // The page may have been closed.
            part.try_set(Some(fetched));
        });
    };
    effect(move || {
        connection.track_retries();
        if !matches!(part.get_untracked(), Some(Ok(_))) {
            load();
        }
    });
    let press = move || {
        focus_content();
        load();
    };
    live(move || match part.get() {
        None => view! { <p class="answer" role="status">{text(|t| t.shell.loading)}</p> }.boxed(),
        Some(Ok(make)) => make(),
        // After a deployment the old version's parts are gone: only a reload helps.
        Some(Err(())) => view! {
            <p class="notice bad" role="alert">{text(|t| t.shell.not_loaded)}</p>
            <div class="buttons">{button("", |t| t.shell.try_again, press)} {button("", |t| t.shell.reload, reload)}</div>
        }
        .boxed(),
    })
}

fn reload() {
    // If this fails, the browser has a reload button of its own.
    let _ = window().location().reload();
}

/// The loader of the part with this name, whose view this function makes.
macro_rules! part {
    ($name:ident, $make:path) => {{
        use leptos::wasm_split::SplitLoaderError;
        use $crate::components::later::Part;

        #[cfg(feature = "split")]
        #[leptos::wasm_split::wasm_split($name, wasm_split_path = ::leptos::wasm_split, fallible)]
        fn $name() -> Result<Part, SplitLoaderError> {
            Ok($make)
        }
        // Not split: the part is already loaded.
        #[cfg(not(feature = "split"))]
        async fn $name() -> Result<Part, SplitLoaderError> {
            Ok($make)
        }
        || Box::pin($name())
    }};
}
pub(crate) use part;
