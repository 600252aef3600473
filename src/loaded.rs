//! Data that a page loads: loaded again when its inputs change; only the newest response counts.

use crate::{
    api::use_api,
    arrival::focus_content_from_again,
    components::live::{Boxed, again, effect, live},
    connection::use_connection,
    derived::Derived,
    lang::{Lang, use_lang},
    problem::Problem,
};
use leptos::{prelude::*, task::spawn_local};
use wugan::Request;

/// Makes a view of a response's text. `None`: the text is not what was expected.
type Make = Box<dyn Fn(&str, Lang) -> Option<AnyView> + Send>;

/// A response as text, once it has arrived; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Loaded {
    answer: RwSignal<Option<Result<String, Problem>>>,
    pending: RwSignal<u32>,
    reloads: RwSignal<u32>,
}

impl Loaded {
    /// Loads a path now, when the server is back, and on [`reload`](Loaded::reload), while `wanted`.
    pub(crate) fn new(path: &'static str, wanted: Derived<bool>) -> Loaded {
        let (api, connection) = (use_api(), use_connection());
        let loaded = Loaded { answer: RwSignal::new(None), pending: RwSignal::new(0), reloads: RwSignal::new(0) };
        let newest = StoredValue::new(0_u32);
        effect(move || {
            connection.track_retries();
            loaded.reloads.track();
            let this = newest.get_value() + 1;
            newest.set_value(this);
            if !wanted.get() {
                loaded.answer.set(None);
                return;
            }
            loaded.pending.update(|pending| *pending += 1);
            spawn_local(async move {
                let answer = match api.send(Request::get(path)).await {
                    Ok(response) => response.text().await.map_err(Problem::from),
                    Err(problem) => Err(problem),
                };
                // The page may have been closed.
                loaded.pending.try_update(|pending| *pending -= 1);
                if newest.try_get_value() == Some(this) {
                    if answer.is_ok() {
                        focus_content_from_again();
                    }
                    loaded.answer.try_set(Some(answer));
                }
            });
        });
        loaded
    }

    pub(crate) fn get(self) -> Option<Result<String, Problem>> {
        self.answer.get()
    }

    /// Whether a request is pending.
    pub(crate) fn is_pending(self) -> bool {
        self.pending.get() > 0
    }

    /// Loads again. The previous response stays until the new one arrives.
    pub(crate) fn reload(self) {
        self.reloads.update(|reloads| *reloads += 1);
    }

    /// Renders loading, an error with a retry button, or the loaded value.
    pub(crate) fn view(self, make: impl Fn(&str, Lang) -> Option<AnyView> + Send + 'static) -> AnyView {
        self.boxed_view(Box::new(make))
    }

    fn boxed_view(self, make: Make) -> AnyView {
        let lang = use_lang();
        let pending = Derived::new(move || self.is_pending());
        let status = live(move || match self.get() {
            None => view! { <p class="answer">{lang.get().texts().shell.loading}</p> }.boxed(),
            Some(Err(problem)) => view! { <p class="notice bad">{problem.message().text(lang.get())}</p> }.boxed(),
            Some(Ok(_)) => ().into_any(),
        });
        let below = live(move || match self.get() {
            None => ().into_any(),
            Some(Err(_)) => again(pending, move || self.reload()),
            Some(Ok(body)) => make(&body, lang.get()).unwrap_or_else(|| {
                let odd = Problem::Unexpected.message().text(lang.get());
                view! { <p class="notice bad" role="alert">{odd}</p> }.boxed()
            }),
        });
        view! { <div role="status">{status}</div> {below} }.boxed()
    }
}
