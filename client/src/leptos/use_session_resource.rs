//! What is loaded anew for each session, and belongs to it.

use super::use_session;
use crate::Client;
use futures::future::{AbortHandle, Abortable};
use leptos::prelude::*;

/// What [`use_session_resource`] gives; `Copy`.
#[derive(Debug)]
pub struct UseSessionResourceReturn<T: 'static> {
    /// What was loaded in this session; None: nothing yet, or nobody is signed in. Reading it under a `Suspense` waits for it.
    pub value: Signal<Option<T>, LocalStorage>,
    /// Whether it is being loaded.
    pub pending: Signal<bool>,
    again: RwSignal<()>,
}

impl<T> Clone for UseSessionResourceReturn<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for UseSessionResourceReturn<T> {}

impl<T> UseSessionResourceReturn<T> {
    /// Loads it once more. Until then, what is there stays.
    pub fn refetch(&self) {
        self.again.set(());
    }
}

/// Loads something whenever somebody signs in, and whenever a signal changes that `fetch` reads before its first await.
///
/// A sign-out ends the loading, aborts its requests, and takes away what was loaded: nobody sees anything of who was signed in
/// before him. A refresh of the tokens changes nothing.
///
/// ```no_run
/// use leptos::prelude::*;
/// use wugan::leptos::use_session_resource;
///
/// #[component]
/// fn Inbox() -> impl IntoView {
///     let mails = use_session_resource(|client| async move { client.get("/mails").await?.json::<Vec<String>>().await });
///     view! {
///         <Suspense fallback=|| "One moment…">
///             {move || mails.value.get().map(|mails| match mails {
///                 Ok(mails) => mails.join(", "),
///                 Err(error) => error.to_string(),
///             })}
///         </Suspense>
///     }
/// }
/// ```
///
/// # Panics
/// As [`use_session`].
pub fn use_session_resource<T, Fut>(fetch: impl Fn(Client) -> Fut + 'static) -> UseSessionResourceReturn<T>
where
    T: Clone + 'static,
    Fut: Future<Output = T> + 'static,
{
    let session = use_session();
    let (pending, again) = (RwSignal::new(false), RwSignal::new(()));
    // Leptos lets a fetch that is under way come to its end before it begins the next: this one is ended.
    let running = StoredValue::new_local(None::<(u64, AbortHandle)>);
    let resource = LocalResource::new(move || {
        again.track();
        let loading = session.turn.get().map(|turn| {
            let (handle, registration) = AbortHandle::new_pair();
            running.set_value(Some((turn, handle)));
            (turn, Abortable::new(fetch(session.client()), registration))
        });
        async move {
            let (turn, loading) = loading?;
            pending.try_set(true);
            let loaded = loading.await;
            pending.try_set(false);
            Some((turn, loaded.ok()?))
        }
    });
    let stop_unless = move |turn: Option<u64>| {
        running.try_with_value(|running| running.as_ref().filter(|(began, _)| Some(*began) != turn).map(|(_, handle)| handle.abort()));
    };
    Effect::new(move || stop_unless(session.turn.get()));
    // The page is gone.
    Owner::on_cleanup(move || stop_unless(None));
    let value = Signal::derive_local(move || {
        let turn = session.turn.get();
        resource.get().flatten().filter(|(loaded_in, _)| Some(*loaded_in) == turn).map(|(_, value)| value)
    });
    UseSessionResourceReturn { value, pending: pending.into(), again }
}
