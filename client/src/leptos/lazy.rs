//! Provides a session whose engine is loaded when it is needed.

use super::{
    engine::SessionEngine,
    lifetime::{after_hydration, outliving},
    use_session::{UseSessionReturn, new_session},
};
use crate::platform::{self, PlatformEvent};
use futures::future::LocalBoxFuture;
use leptos::prelude::*;
use std::rc::Rc;

/// Like [`provide_session`](super::provide_session), but a visitor without a session does not load the client's code.
///
/// `load` gets the client from a part of the program, which a tool such as `wasm_split` makes: `leptos::wasm_split::wasm_split`, or
/// `leptos::lazy`. In a program that is not split, `load` returns at once. It is called
/// - at the start, if the browser stores a session under `storage_key`, which has to be the client's key, and the user has not signed out,
/// - when another tab stores one,
/// - by [`load`](UseSessionReturn::load) and [`preload`](UseSessionReturn::preload), for instance of a sign-in form.
///
/// Until then there is no client: [`UseSessionReturn::client`] panics, and requests use [`UseSessionReturn::load`]. A visitor
/// without a stored session is signed out and [`ready`](UseSessionReturn::ready) at once. With a stored session, `ready` is false
/// until the engine has checked it. Guards, resources and actions wait.
///
/// A load that fails is repeated after a second. If it fails again, [`load_failed`](UseSessionReturn::load_failed) is true, and the
/// next load is tried by a call of `load`, or when the browser is online again or shows the page again.
///
/// ```no_run
/// use leptos::prelude::*;
/// use wugan::{Client, leptos::{SessionEngine, provide_session_lazy}};
///
/// const KEY: &str = "my-session";
///
/// // In a split program: #[wasm_split(session, wasm_split_path = ::leptos::wasm_split, fallible)] fn engine() -> Result<…>
/// async fn engine() -> Result<SessionEngine, wugan::Error> {
///     Ok(SessionEngine::new(Client::builder("").storage_key(KEY).build()?))
/// }
///
/// #[component]
/// fn App() -> impl IntoView {
///     let session = provide_session_lazy(KEY, engine);
///     view! { <Show when=move || session.load_failed.get()>"A file could not be loaded."</Show> }
/// }
/// ```
pub fn provide_session_lazy<E, Fut>(storage_key: &str, load: impl Fn() -> Fut + 'static) -> UseSessionReturn
where
    Fut: Future<Output = Result<SessionEngine, E>> + 'static,
{
    let key = storage_key.to_owned();
    let load = move || -> LocalBoxFuture<'static, Option<SessionEngine>> {
        let (loading, key) = (load(), key.clone());
        Box::pin(async move {
            let engine = loading.await.ok()?;
            debug_assert_eq!(engine.0.storage_key(), key, "provide_session_lazy needs the client's storage key");
            Some(engine)
        })
    };
    let (provided, signals) = outliving(|| new_session(Some(Rc::new(load))));
    if let Some(slot) = provided.engine {
        let (key, ready, hydrated) = (storage_key.to_owned(), signals.ready.clone(), signals.hydrated.clone());
        let load_if_stored = Rc::new(move |_| {
            if !hydrated.get_untracked() {
                return;
            }
            if platform::is_stored(&key) {
                slot.load();
            } else if slot.engine().is_none() && !ready.get_untracked() {
                ready.set(true);
            }
        });
        // Dropping it ends the subscription.
        StoredValue::new_local(platform::subscribe(storage_key, load_if_stored.clone()));
        after_hydration(move || {
            signals.hydrated.set(true);
            load_if_stored(PlatformEvent::Stored);
        });
    }
    provide_context(provided);
    provided
}
