//! What a page must ask for before it can show it: asked again whenever its reasons change, and only the newest answer counts.

use crate::problem::Problem;
use futures::future::LocalBoxFuture;
use leptos::{prelude::*, task::spawn_local};

/// What came, once it has; `Copy`.
pub(crate) struct Loaded<T: 'static> {
    answer: RwSignal<Option<Result<T, Problem>>>,
    asking: RwSignal<u32>,
}

impl<T> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loaded<T> {}

impl<T: Clone + Send + Sync + 'static> Loaded<T> {
    /// Asks now, and whenever something that `ask` tracks changes. None: there is nothing to ask for just now.
    ///
    /// The future is boxed: `LocalResource` would be built anew for each type, some kilobytes each.
    pub(crate) fn by(ask: impl Fn() -> Option<LocalBoxFuture<'static, Result<T, Problem>>> + 'static) -> Loaded<T> {
        let loaded = Loaded { answer: RwSignal::new(None), asking: RwSignal::new(0) };
        let turn = StoredValue::new(0_u32);
        Effect::new(move || {
            let this = turn.get_value() + 1;
            turn.set_value(this);
            let Some(asking) = ask() else {
                loaded.answer.set(None);
                return;
            };
            loaded.asking.update(|asking| *asking += 1);
            spawn_local(async move {
                let answer = asking.await;
                // The page may be gone by now.
                loaded.asking.try_update(|asking| *asking -= 1);
                if turn.try_get_value() == Some(this) {
                    loaded.answer.try_set(Some(answer));
                }
            });
        });
        loaded
    }

    pub(crate) fn get(self) -> Option<Result<T, Problem>> {
        self.answer.get()
    }

    /// Whether an answer is on its way.
    pub(crate) fn is_asking(self) -> bool {
        self.asking.get() > 0
    }
}
