//! A user's action; if its session is over, it runs after the next sign-in.

use super::{
    lifetime::{is_on_server, outliving},
    slot::Slot,
    use_session,
};
use crate::{AuthState, Client, Error, Event, SignOutReason, Subscription, User};
use futures::{
    FutureExt,
    future::{AbortHandle, Abortable, LocalBoxFuture, poll_fn},
};
use leptos::{prelude::*, task::spawn_local};
use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
};

/// Options of [`use_session_action_with_options`].
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
    /// Sets whether an action that failed because no user was signed in runs after the sign-in. Default: yes.
    #[must_use]
    pub fn resume(mut self, resume: bool) -> UseSessionActionOptions {
        self.resume = resume;
        self
    }
}

/// Return value of [`use_session_action`]; `Copy`.
#[derive(Debug)]
pub struct UseSessionActionReturn<I: 'static, T: Send + Sync + 'static, E: Send + Sync + 'static> {
    /// The result of the last dispatch; `None` until there is one. The end of the session removes it.
    pub value: Signal<Option<Result<T, E>>>,
    /// Whether a dispatch of this session is running.
    pub pending: Signal<bool>,
    /// Whether a dispatch waits for a sign-in.
    pub awaiting_sign_in: Signal<bool>,
    /// `None` on a server, where nothing is dispatched.
    dispatch: Option<StoredValue<Dispatch<I>, LocalStorage>>,
}

impl<I, T: Send + Sync, E: Send + Sync> Clone for UseSessionActionReturn<I, T, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I, T: Send + Sync, E: Send + Sync> Copy for UseSessionActionReturn<I, T, E> {}

impl<I, T: Send + Sync, E: Send + Sync> UseSessionActionReturn<I, T, E> {
    /// Runs the action now, or after the sign-in if no user is signed in. Does nothing on a server.
    pub fn dispatch(&self, input: I) {
        if let Some(dispatch) = self.dispatch.and_then(|dispatch| dispatch.try_get_value()) {
            dispatch(input);
        }
    }
}

/// Creates an action of a user, such as sending a form or deleting a mail.
///
/// A dispatch without a session, or whose session turns out to be over, waits for a sign-in. It runs when the user of the last session signs in
/// again; if there was none, or that user has signed out, when any user signs in. It runs from its beginning: an action with one request
/// is never carried out twice, but an action with several requests sends those again that were accepted. A sign-out by the user aborts all
/// running dispatches and discards those that wait. The sign-in of another user, in this or another tab, aborts all running dispatches
/// too, and so does a sign-in whose token names no user. A dispatch that waits is discarded with the component; one that runs goes on.
///
/// ```no_run
/// use leptos::prelude::*;
/// use wugan::leptos::use_session_action;
///
/// #[component]
/// fn Note() -> impl IntoView {
///     let save = use_session_action(|client, note: String| async move {
///         client.post("/notes").text(note).send().await?.error_for_status().map(drop)
///     });
///     view! {
///         <button disabled=save.pending on:click=move |_| save.dispatch("milk, bread".to_owned())>"Save"</button>
///         <Show when=move || save.awaiting_sign_in.get()>"It will be saved when you are signed in."</Show>
///     }
/// }
/// ```
///
/// # Panics
/// If no component above [provides](super::provide_session) a session.
pub fn use_session_action<I, T, E, Fut>(act: impl Fn(Client, I) -> Fut + 'static) -> UseSessionActionReturn<I, T, E>
where
    I: Clone + 'static,
    T: Clone + Send + Sync + 'static,
    E: std::error::Error + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + 'static,
{
    use_session_action_with_options(UseSessionActionOptions::default(), act)
}

/// Like [`use_session_action`], with options.
///
/// # Panics
/// If no component above [provides](super::provide_session) a session.
pub fn use_session_action_with_options<I, T, E, Fut>(
    options: UseSessionActionOptions,
    act: impl Fn(Client, I) -> Fut + 'static,
) -> UseSessionActionReturn<I, T, E>
where
    I: Clone + 'static,
    T: Clone + Send + Sync + 'static,
    E: std::error::Error + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + 'static,
{
    let session = use_session();
    let [running, waiting] = outliving(|| [RwSignal::new(0_usize), RwSignal::new(0_usize)]);
    let value = outliving(|| RwSignal::new(None));
    let dispatch = (!is_on_server()).then(|| {
        let dispatches = Rc::new(Dispatches {
            resume: options.resume,
            act: Box::new(move |client, input| Box::pin(act(client, input))),
            client: OnceCell::new(),
            subscription: RefCell::default(),
            is_closed: Cell::default(),
            user: RefCell::default(),
            count: Cell::default(),
            running: RefCell::default(),
            queue: RefCell::default(),
            value,
            running_count: running,
            waiting_count: waiting,
        });
        let attached = Rc::downgrade(&dispatches);
        session.when_loaded(move |client| {
            if let Some(dispatches) = attached.upgrade() {
                // The user has signed out since the dispatches, and another one may be signed in by now.
                if session.engine.is_some_and(Slot::has_ended) {
                    dispatches.take_queue();
                }
                dispatches.attach(client);
            }
        });
        let closing = StoredValue::new_local(dispatches.clone());
        on_cleanup(move || {
            closing.try_with_value(|dispatches| dispatches.close());
        });
        let dispatch: Dispatch<I> = Rc::new(move |input| dispatches.dispatch(input, session.ready.try_get_untracked() == Some(true)));
        outliving(|| StoredValue::new_local(dispatch))
    });
    UseSessionActionReturn {
        value: outliving(|| value.into()),
        pending: outliving(|| Signal::derive(move || running.get() > 0)),
        awaiting_sign_in: outliving(|| Signal::derive(move || waiting.get() > 0)),
        dispatch,
    }
}

type Dispatch<I> = Rc<dyn Fn(I)>;

type Act<I, T, E> = Box<dyn Fn(Client, I) -> LocalBoxFuture<'static, Result<T, E>>>;

/// The dispatches of one action.
struct Dispatches<I, T: Send + Sync + 'static, E: Send + Sync + 'static> {
    resume: bool,
    act: Act<I, T, E>,
    /// Empty until the engine is loaded.
    client: OnceCell<Client>,
    /// To the session's events, which a dispatch that outlives its component receives too.
    subscription: RefCell<Option<Subscription>>,
    /// The component was removed: no dispatch waits for a sign-in from now on.
    is_closed: Cell<bool>,
    /// The user of the last session, unless that user has signed out.
    user: RefCell<Option<String>>,
    /// The number of the last dispatch.
    count: Cell<u64>,
    /// The dispatches under way, by number. One that is missing was aborted.
    running: RefCell<Vec<(u64, AbortHandle)>>,
    /// The dispatches that wait for a sign-in.
    queue: RefCell<Vec<Waiting<I>>>,
    /// What the component shows.
    value: RwSignal<Option<Result<T, E>>>,
    running_count: RwSignal<usize>,
    waiting_count: RwSignal<usize>,
}

/// A dispatch that waits for a sign-in: of this user, or of any user.
struct Waiting<I> {
    input: I,
    user: Option<String>,
}

impl<I, T, E> Dispatches<I, T, E>
where
    I: Clone + 'static,
    T: Clone + Send + Sync + 'static,
    E: std::error::Error + Clone + Send + Sync + 'static,
{
    /// The engine is loaded: listens to its events, and runs what was dispatched before.
    fn attach(self: &Rc<Self>, client: Client) {
        let (session, listener) = (client.session().clone(), Rc::downgrade(self));
        let _ = self.client.set(client);
        let user = session.info().user;
        if self.is_signed_in() {
            self.begin_session(user.as_ref());
        } else if !self.resume {
            self.take_queue();
        }
        let subscription = session.on_event(move |timed| {
            if let Some(dispatches) = listener.upgrade() {
                dispatches.on_event(&timed.event);
            }
        });
        self.subscription.replace(Some(subscription));
    }

    fn close(&self) {
        self.is_closed.set(true);
        self.take_queue();
    }

    fn dispatch(self: &Rc<Self>, input: I, is_ready: bool) {
        match self.client.get().filter(|_| self.is_signed_in()) {
            Some(client) => self.run(client, input),
            // A stored session whose engine is not loaded yet may be a user's.
            None if self.resume || (self.client.get().is_none() && !is_ready) => {
                self.wait(Waiting { input, user: self.user.borrow().clone() });
            }
            None => {}
        }
    }

    fn run(self: &Rc<Self>, client: &Client, input: I) {
        let user = self.user.borrow().clone();
        let number = self.count.get() + 1;
        self.count.set(number);
        let (abort, registration) = AbortHandle::new_pair();
        self.running.borrow_mut().push((number, abort));
        self.show_counts();
        let mut acting = Abortable::new((self.act)(client.clone(), input.clone()), registration);
        let (this, session) = (self.clone(), client.session().clone());
        spawn_local(async move {
            let result = poll_fn(|context| {
                // Another tab may have signed another user in, which aborts the action before its next request.
                session.sync();
                acting.poll_unpin(context)
            })
            .await;
            let (Ok(result), true) = (result, this.end(number)) else { return };
            // A user without a name in the token cannot be recognised after the next sign-in.
            if this.resume && user.is_some() && result.as_ref().is_err_and(|error| is_signed_out(error) || !this.is_signed_in()) {
                this.wait(Waiting { input, user });
            }
            this.show_counts();
            // Without a session, only an error is shown; data of the session that ended is dropped.
            if number == this.count.get() && (result.is_err() || this.is_signed_in()) {
                this.value.try_set(Some(result));
            }
        });
    }

    fn on_event(self: &Rc<Self>, event: &Event) {
        match event {
            Event::SignedOut { reason: SignOutReason::ByUser | SignOutReason::OtherTab } => {
                self.user.take();
                self.take_queue();
                self.abort_running();
            }
            // The client ends the requests of a session that the server ended, each with an error. Later requests of an action have no token.
            Event::SignedOut { .. } => drop(self.value.try_set(None)),
            Event::SignedIn { user, .. } => self.begin_session(user.as_ref()),
            Event::UserChanged { user } => drop(self.user.replace(id(user.as_ref()))),
            _ => {}
        }
    }

    /// A session began: runs the dispatches that wait for this user.
    fn begin_session(self: &Rc<Self>, user: Option<&User>) {
        let user = id(user);
        let before = self.user.replace(user.clone());
        // An app may sign the same user in again, as after a change of the password: the results are still that user's.
        if user.is_none() || before != user {
            self.abort_running();
        }
        let (queue, Some(client)) = (self.take_queue(), self.client.get()) else { return };
        let is_ours = |waiting: &Waiting<I>| waiting.user.is_none() || waiting.user == user;
        queue.into_iter().filter(is_ours).for_each(|waiting| self.run(client, waiting.input));
    }

    fn wait(&self, waiting: Waiting<I>) {
        if !self.is_closed.get() {
            self.queue.borrow_mut().push(waiting);
            self.show_counts();
        }
    }

    fn take_queue(&self) -> Vec<Waiting<I>> {
        let queue = self.queue.take();
        self.show_counts();
        queue
    }

    /// Aborts what runs for another user, and removes that user's result.
    fn abort_running(&self) {
        self.running.take().iter().for_each(|(_, abort)| abort.abort());
        self.show_counts();
        self.value.try_set(None);
    }

    /// Whether a dispatch was still under way, and not aborted.
    fn end(&self, number: u64) -> bool {
        let mut running = self.running.borrow_mut();
        let at = running.iter().position(|(running, _)| *running == number);
        at.map(|at| running.swap_remove(at)).is_some()
    }

    fn show_counts(&self) {
        for (signal, count) in [(self.running_count, self.running.borrow().len()), (self.waiting_count, self.queue.borrow().len())] {
            if signal.try_get_untracked().is_some_and(|shown| shown != count) {
                signal.try_set(count);
            }
        }
    }

    fn is_signed_in(&self) -> bool {
        self.client.get().is_some_and(|client| client.session().info().state == AuthState::SignedIn)
    }
}

fn id(user: Option<&User>) -> Option<String> {
    user.map(|user| user.id.clone())
}

/// Whether an error is, or has for its source, that the session is over.
fn is_signed_out<E: std::error::Error + 'static>(error: &E) -> bool {
    let error: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| matches!(error.downcast_ref::<Error>(), Some(Error::SignedOut(_))))
}
