//! What a page must ask for before it can show it: asked again whenever its reasons change, and only the newest answer counts.

use crate::{
    api::use_api,
    arrival::focus_content_from_again,
    components::live::{Boxed, again, follow, live},
    connection::use_connection,
    derived::Derived,
    lang::{Lang, use_lang},
    problem::Problem,
};
use leptos::{prelude::*, task::spawn_local};
use wugan::Request;

/// Makes a view of an answer's text; None: it is not what was asked for.
type Make = Box<dyn Fn(&str, Lang) -> Option<AnyView> + Send>;

/// What came, once it has, as text: what it is in detail is for who shows it. `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Loaded {
    answer: RwSignal<Option<Result<String, Problem>>>,
    asking: RwSignal<u32>,
    again: RwSignal<u32>,
}

impl Loaded {
    /// Asks for a path now, when the server is back, and [again](Loaded::again), as long as it is wanted.
    pub(crate) fn of(path: &'static str, wanted: Derived<bool>) -> Loaded {
        let (api, connection) = (use_api(), use_connection());
        let loaded = Loaded { answer: RwSignal::new(None), asking: RwSignal::new(0), again: RwSignal::new(0) };
        let turn = StoredValue::new(0_u32);
        follow(move || {
            connection.returns();
            loaded.again.track();
            let this = turn.get_value() + 1;
            turn.set_value(this);
            if !wanted.get() {
                loaded.answer.set(None);
                return;
            }
            loaded.asking.update(|asking| *asking += 1);
            spawn_local(async move {
                let answer = match api.send(Request::get(path)).await {
                    Ok(response) => response.text().await.map_err(Problem::from),
                    Err(problem) => Err(problem),
                };
                // The page may be gone by now.
                loaded.asking.try_update(|asking| *asking -= 1);
                if turn.try_get_value() == Some(this) {
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

    /// Whether an answer is on its way.
    pub(crate) fn is_asking(self) -> bool {
        self.asking.get() > 0
    }

    /// Asks once more. Until the answer is there, what came before stays.
    pub(crate) fn again(self) {
        self.again.update(|again| *again += 1);
    }

    /// That it is on its way; what went wrong, with a way to ask again; or what is made of what came.
    pub(crate) fn view(self, make: impl Fn(&str, Lang) -> Option<AnyView> + Send + 'static) -> AnyView {
        self.shown(Box::new(make))
    }

    fn shown(self, make: Make) -> AnyView {
        let lang = use_lang();
        let asking = Derived::of(move || self.is_asking());
        let status = live(move || match self.get() {
            None => view! { <p class="answer">{lang.get().texts().shell.loading}</p> }.boxed(),
            Some(Err(problem)) => view! { <p class="notice bad">{problem.say().words(lang.get())}</p> }.boxed(),
            Some(Ok(_)) => ().into_any(),
        });
        let below = live(move || match self.get() {
            None => ().into_any(),
            Some(Err(_)) => again(asking, move || self.again()),
            Some(Ok(body)) => make(&body, lang.get()).unwrap_or_else(|| {
                let odd = Problem::Odd.say().words(lang.get());
                view! { <p class="notice bad" role="alert">{odd}</p> }.boxed()
            }),
        });
        view! { <div role="status">{status}</div> {below} }.boxed()
    }
}
