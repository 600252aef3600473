//! Data that is loaded for each session and belongs to it.

use super::{lifetime::outliving, use_session};
use crate::Client;
use futures::{
    FutureExt,
    future::{AbortHandle, Abortable, Aborted, poll_fn},
};
use leptos::prelude::*;
use std::task::Poll;

/// Return value of [`use_session_resource`]; `Copy`.
#[derive(Debug)]
pub struct UseSessionResourceReturn<T: Send + Sync + 'static> {
    /// The data of the present session; `None` until it is loaded, and while no user is signed in. Reading it under a `Suspense`
    /// shows the fallback until it is loaded.
    pub value: Signal<Option<T>>,
    /// Whether it is being loaded.
    pub pending: Signal<bool>,
    refetch: RwSignal<()>,
}

impl<T: Send + Sync> Clone for UseSessionResourceReturn<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for UseSessionResourceReturn<T> {}

impl<T: Send + Sync> UseSessionResourceReturn<T> {
    /// Loads the data again. The present value stays until then.
    pub fn refetch(&self) {
        self.refetch.try_set(());
    }
}

/// Loads data whenever a session begins, and whenever a signal changes that `fetch` reads before its first await.
///
/// The end of the session aborts the requests and removes the data, so that no user sees another user's. A refresh of the tokens
/// changes nothing.
///
/// ```no_run
/// use leptos::prelude::*;
/// use wugan::leptos::use_session_resource;
///
/// #[component]
/// fn Inbox() -> impl IntoView {
///     let mails = use_session_resource(|client| async move { client.get("/mails").send().await?.json::<Vec<String>>().await });
///     view! {
///         <Suspense fallback=|| "Loading…">
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
/// If no component above [provides](super::provide_session) a session.
pub fn use_session_resource<T, Fut>(fetch: impl Fn(Client) -> Fut + 'static) -> UseSessionResourceReturn<T>
where
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = T> + 'static,
{
    let session = use_session();
    let (pending, refetch, running) = outliving(|| (RwSignal::new(false), RwSignal::new(()), StoredValue::new(None::<Running>)));
    // Leptos waits for a running fetch before it starts the next one. So a fetch of another session is aborted.
    let abort_unless = move |session: Option<u64>| {
        running.try_with_value(|running| {
            running.as_ref().filter(|running| Some(running.session) != session).map(|running| running.fetch.abort())
        });
    };
    let resource = LocalResource::new(move || {
        refetch.track();
        let loading = session.session_id.get().zip(session.browser_client()).map(|(id, client)| {
            let (handle, registration) = AbortHandle::new_pair();
            running.try_set_value(Some(Running { session: id, fetch: handle }));
            let loading = Abortable::new(Box::pin(fetch(client.clone())), registration);
            (id, loading, client)
        });
        async move {
            let (id, mut loading, client) = loading?;
            pending.try_set(true);
            let loaded = poll_fn(|context| {
                // Another tab may have signed another user in, which ends the loading before its next request.
                client.session().sync();
                match session.session_id.try_get_untracked() {
                    Some(now) if now != Some(id) => Poll::Ready(Err(Aborted)),
                    _ => loading.poll_unpin(context),
                }
            })
            .await;
            pending.try_set(false);
            Some((id, loaded.ok()?))
        }
    });
    Effect::new(move || abort_unless(session.session_id.get()));
    on_cleanup(move || abort_unless(None));
    let value = outliving(|| {
        Signal::derive(move || {
            let id = session.session_id.get();
            resource.try_get()?.flatten().filter(|(loaded_in, _)| Some(*loaded_in) == id).map(|(_, value)| value)
        })
    });
    UseSessionResourceReturn { value, pending: outliving(|| pending.into()), refetch }
}

struct Running {
    session: u64,
    fetch: AbortHandle,
}
