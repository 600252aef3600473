//! What comes in a file of its own when somebody opens the page that shows it (`cargo xtask serve` makes those files; as `trunk serve` builds
//! the app, all is one): what stands in its place until it is there, and if it does not come.

use super::live::{Boxed, button, follow, live};
use crate::{arrival::focus_content, connection::use_connection, lang::text};
use futures::future::LocalBoxFuture;
use leptos::{prelude::*, task::spawn_local, wasm_split::SplitLoaderError};

/// What makes the view, once it is here.
pub(crate) type Part = fn() -> AnyView;

/// Fetches a part, unless it is here already; what could not be fetched is fetched anew at the next call.
pub(crate) type Fetch = fn() -> LocalBoxFuture<'static, Result<Part, SplitLoaderError>>;

pub(crate) fn later(fetch: Fetch) -> AnyView {
    let connection = use_connection();
    let part = RwSignal::new(None::<Result<Part, ()>>);
    let ask = move || {
        part.set(None);
        spawn_local(async move {
            let fetched = fetch().await.map_err(drop);
            // A part that is missing is no server that is away. If it is away, the part is asked for when it is back.
            if fetched.is_err() {
                connection.is_away().await;
            }
            // The page may be gone by now.
            part.try_set(Some(fetched));
        });
    };
    follow(move || {
        connection.returns();
        if !matches!(part.get_untracked(), Some(Ok(_))) {
            ask();
        }
    });
    let press = move || {
        focus_content();
        ask();
    };
    live(move || match part.get() {
        None => view! { <p class="answer" role="status">{text(|t| t.shell.loading)}</p> }.boxed(),
        Some(Ok(make)) => make(),
        // After a new version has come, the parts of the old one are gone: only loading the page anew helps then.
        Some(Err(())) => view! {
            <p class="notice bad" role="alert">{text(|t| t.shell.not_loaded)}</p>
            <div class="buttons">{button("", |t| t.shell.try_again, press)} {button("", |t| t.shell.reload, reload)}</div>
        }
        .boxed(),
    })
}

fn reload() {
    // A browser that does not do it has its own button for it.
    let _ = window().location().reload();
}

/// What fetches the part of this name; this function makes its view.
macro_rules! part {
    ($name:ident, $make:path) => {{
        use leptos::wasm_split::SplitLoaderError;
        use $crate::components::later::Part;

        #[cfg(feature = "split")]
        #[leptos::wasm_split::wasm_split($name, wasm_split_path = ::leptos::wasm_split, fallible)]
        fn $name() -> Result<Part, SplitLoaderError> {
            Ok($make)
        }
        // It is here.
        #[cfg(not(feature = "split"))]
        async fn $name() -> Result<Part, SplitLoaderError> {
            Ok($make)
        }
        || Box::pin($name())
    }};
}
pub(crate) use part;
