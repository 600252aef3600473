//! What the visitor does, which a sign-in in between does not lose.

use super::use_session;
use crate::{Client, Error, State, event::Reason};
use leptos::{prelude::*, reactive::actions::ActionAbortHandle};

/// What [`use_session_action_with_options`] can be told.
#[derive(Clone, Copy, Debug)]
pub struct UseSessionActionOptions {
    resume: bool,
}

impl Default for UseSessionActionOptions {
    fn default() -> UseSessionActionOptions {
        UseSessionActionOptions { resume: true }
    }
}

impl UseSessionActionOptions {
    /// Whether what could not be done because nobody was signed in is done after the sign-in. Default: yes.
    #[must_use]
    pub fn resume(mut self, resume: bool) -> UseSessionActionOptions {
        self.resume = resume;
        self
    }
}

/// What [`use_session_action`] gives; `Copy`.
#[derive(Debug)]
pub struct UseSessionActionReturn<I: 'static, T: 'static, E: 'static> {
    /// What came of the last one; None: nothing yet, or whoever did it has signed out.
    pub value: Signal<Option<Result<T, E>>, LocalStorage>,
    /// Whether one is under way.
    pub pending: Signal<bool>,
    /// Whether one waits for a sign-in.
    pub postponed: Signal<bool>,
    dispatch: StoredValue<Box<dyn Fn(I)>, LocalStorage>,
}

impl<I, T, E> Clone for UseSessionActionReturn<I, T, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I, T, E> Copy for UseSessionActionReturn<I, T, E> {}

impl<I, T, E> UseSessionActionReturn<I, T, E> {
    /// Does it, or postpones it until somebody is signed in.
    pub fn dispatch(&self, input: I) {
        self.dispatch.with_value(|dispatch| dispatch(input));
    }
}

/// Something that the visitor does: sends a form, deletes a mail.
///
/// If nobody is signed in, or the session turns out to be over, it is postponed, and done as soon as the same person (or, if nobody
/// was signed in, anybody) is signed in: only what the server refused is done again, so nothing is done twice. A sign-out by the
/// visitor ends what is under way, aborts its requests, and forgets what was postponed.
///
/// ```no_run
/// use leptos::prelude::*;
/// use wugan::{Request, leptos::use_session_action};
///
/// #[component]
/// fn Note() -> impl IntoView {
///     let save = use_session_action(|client, note: String| async move {
///         client.send(Request::post("/notes").text(note)).await.map(|answer| answer.ok())
///     });
///     view! {
///         <button disabled=save.pending on:click=move |_| save.dispatch("milk, bread".to_owned())>"Save"</button>
///         <Show when=move || save.postponed.get()>"It will be saved as soon as you are signed in."</Show>
///     }
/// }
/// ```
///
/// # Panics
/// As [`use_session`].
pub fn use_session_action<I, T, E, Fut>(act: impl Fn(Client, I) -> Fut + 'static) -> UseSessionActionReturn<I, T, E>
where
    I: Clone + 'static,
    T: Clone + 'static,
    E: std::error::Error + Clone + 'static,
    Fut: Future<Output = Result<T, E>> + 'static,
{
    use_session_action_with_options(UseSessionActionOptions::default(), act)
}

/// …with options.
///
/// # Panics
/// As [`use_session`].
pub fn use_session_action_with_options<I, T, E, Fut>(
    options: UseSessionActionOptions,
    act: impl Fn(Client, I) -> Fut + 'static,
) -> UseSessionActionReturn<I, T, E>
where
    I: Clone + 'static,
    T: Clone + 'static,
    E: std::error::Error + Clone + 'static,
    Fut: Future<Output = Result<T, E>> + 'static,
{
    let session = use_session();
    let postponed = RwSignal::new_local(None::<Postponed<I>>);
    let running = StoredValue::new_local(None::<ActionAbortHandle>);
    let action = Action::new_local(move |input: &I| {
        let who = session.user.get_untracked().map(|user| user.id);
        let (doing, input) = (act(session.client(), input.clone()), input.clone());
        async move {
            let done = doing.await;
            // Whose tokens do not tell who he is cannot be recognised when he comes back.
            if options.resume && who.is_some() && done.as_ref().is_err_and(is_signed_out) {
                postponed.try_set(Some(Postponed { input, until: who }));
            }
            done
        }
    });
    let run = move |input| running.set_value(Some(action.dispatch_local(input)));
    let dispatch = move |input| {
        if session.signed_in.get_untracked() {
            run(input);
        } else if options.resume {
            postponed.set(Some(Postponed { input, until: None }));
        }
    };
    Effect::new(move || {
        if session.turn.get().is_some() {
            let user = session.user.get_untracked().map(|user| user.id);
            if let Some(Postponed { input, until }) = postponed.try_update(Option::take).flatten()
                && (until.is_none() || until == user)
            {
                run(input);
            }
        } else if let State::SignedOut { reason: Some(Reason::ByUser | Reason::Elsewhere) } = session.state.get() {
            // A session that the server ended ends its requests itself, and each says so.
            running.try_update_value(|running| running.take().map(ActionAbortHandle::abort));
            action.clear();
            postponed.try_set(None);
        }
    });
    UseSessionActionReturn {
        value: Signal::derive_local(move || action.value().get()),
        pending: action.pending().into(),
        postponed: Signal::derive(move || postponed.with(Option::is_some)),
        dispatch: StoredValue::new_local(Box::new(dispatch)),
    }
}

/// What waits for a sign-in: of this user; None: of anybody.
struct Postponed<I> {
    input: I,
    until: Option<String>,
}

/// Whether an error is, or has for its cause, that the session is over.
fn is_signed_out<E: std::error::Error + 'static>(error: &E) -> bool {
    let error: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| matches!(error.downcast_ref::<Error>(), Some(Error::SignedOut(_))))
}
