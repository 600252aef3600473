//! Holds the engine of a provided session, and loads it when it is needed.

use super::{
    engine::SessionEngine,
    signals::{Signals, set_if_changed},
};
use crate::platform::Guard;
use futures::future::LocalBoxFuture;
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use std::rc::Rc;

/// The wait before a failed load is repeated once, in milliseconds: while a new version is being deployed, the next server may have the
/// file.
const RETRY_AFTER: u32 = 1_000;

/// After this time a load counts as failed until it ends, in milliseconds: an app can offer to load the page again.
const SLOW_AFTER: u32 = 10_000;

/// Loads the engine; `None` if that fails.
pub(super) type Load = Rc<dyn Fn() -> LocalBoxFuture<'static, Option<SessionEngine>>>;

/// Called with the engine, or with `None` after a load that failed.
pub(super) type Waiting = Box<dyn FnOnce(Option<SessionEngine>)>;

/// Lives as long as the component that provides the session; `Copy`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot(StoredValue<State, LocalStorage>);

struct State {
    engine: Option<SessionEngine>,
    /// Keeps the signals in step with the engine.
    following: Option<Guard>,
    signals: Signals,
    load: Option<Load>,
    is_loading: bool,
    /// When the user signed out before the engine was loaded, in milliseconds since 1970; 0: not.
    sign_out_requested_at: f64,
    waiting: Vec<Waiting>,
}

impl Slot {
    pub(super) fn new(signals: Signals, load: Option<Load>) -> Slot {
        let state =
            State { engine: None, following: None, signals, load, is_loading: false, sign_out_requested_at: 0.0, waiting: Vec::new() };
        Slot(StoredValue::new_local(state))
    }

    pub(super) fn engine(self) -> Option<SessionEngine> {
        self.0.try_with_value(|state| state.engine.clone()).flatten()
    }

    /// Calls back with the engine: now if it is there, else at the end of the next load.
    pub(super) fn when_loaded(self, waiting: Waiting) {
        match self.engine() {
            Some(engine) => waiting(Some(engine)),
            None => drop(self.0.try_update_value(|state| state.waiting.push(waiting))),
        }
    }

    /// Takes the engine, which sets the signals from now on.
    pub(super) fn fill(self, engine: SessionEngine) {
        let Some(signals) = self.0.try_with_value(|state| state.signals.clone()) else { return };
        let following = engine.0.subscribe_signals(signals);
        self.0.try_update_value(|state| {
            state.engine = Some(engine);
            state.following = Some(following);
        });
    }

    /// Whether the user has signed out before the engine was loaded.
    pub(super) fn has_ended(self) -> bool {
        self.0.try_with_value(|state| state.sign_out_requested_at > 0.0) == Some(true)
    }

    /// Ends the session as soon as the engine is loaded. It goes through the engine's trait object: a direct call would link the client's code
    /// into the first download.
    pub(super) fn sign_out_when_loaded(self) {
        self.0.try_update_value(|state| state.sign_out_requested_at = js_sys::Date::now());
        self.load();
    }

    /// Loads the engine, unless it is there or on its way.
    pub(super) fn load(self) {
        let begin = |state: &mut State| {
            let load = state.load.clone().filter(|_| state.engine.is_none() && !state.is_loading)?;
            state.is_loading = true;
            Some((load, state.signals.clone()))
        };
        let Some((load, signals)) = self.0.try_update_value(begin).flatten() else { return };
        let load_failed = signals.load_failed.clone();
        // A timer of its own: a `select` of both would be more code to download.
        spawn_local(async move {
            TimeoutFuture::new(SLOW_AFTER).await;
            if self.0.try_with_value(|state| state.is_loading) == Some(true) {
                set_if_changed(&load_failed, true);
            }
        });
        spawn_local(async move {
            let mut loaded = load().await;
            if loaded.is_none() {
                TimeoutFuture::new(RETRY_AFTER).await;
                loaded = load().await;
            }
            if let Some(engine) = &loaded {
                self.fill(engine.clone());
            }
            set_if_changed(&signals.load_failed, loaded.is_none());
            let waiting = self.0.try_update_value(|state| {
                state.is_loading = false;
                std::mem::take(&mut state.waiting)
            });
            // Before the sign-out, which then discards the dispatches among them.
            waiting.into_iter().flatten().for_each(|waiting| waiting(loaded.clone()));
            if let Some(engine) = loaded {
                engine.0.sign_out_unless_after(self.0.try_with_value(|state| state.sign_out_requested_at).unwrap_or_default());
                engine.0.publish_state(&signals);
            }
        });
    }
}
