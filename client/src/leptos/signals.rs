//! The session's signals, for the code that writes them.

use crate::{AuthState, User};
use leptos::prelude::*;
use std::{cell::Cell, rc::Rc};

/// By default those of a signed-out session that is not ready. `ArcRwSignal` takes half the code of a `WriteSignal` beside each `ReadSignal`.
pub(super) type Signals = Rc<SessionSignals>;

#[derive(Default)]
pub(super) struct SessionSignals {
    pub(super) state: ArcRwSignal<AuthState>,
    pub(super) user: ArcRwSignal<Option<User>>,
    pub(super) signed_in: ArcRwSignal<bool>,
    pub(super) ready: ArcRwSignal<bool>,
    pub(super) session_id: ArcRwSignal<Option<u64>>,
    pub(super) load_failed: ArcRwSignal<bool>,
    /// False on a server and during hydration.
    pub(super) hydrated: ArcRwSignal<bool>,
    /// Notifies whenever the tokens or the warnings may have changed. Its value is not used; a signal of `()` would be one more type to download.
    pub(super) changes: ArcRwSignal<bool>,
    /// How many sessions have begun since the page was loaded.
    pub(super) sign_ins: Cell<u64>,
}

impl SessionSignals {
    pub(super) fn set(&self, state: AuthState, user: Option<User>) {
        let is_signed_in = state == AuthState::SignedIn;
        set_if_changed(&self.state, state);
        set_if_changed(&self.user, user);
        set_if_changed(&self.signed_in, is_signed_in);
        set_if_changed(&self.session_id, is_signed_in.then_some(self.sign_ins.get()));
        self.changes.set(true);
    }
}

/// Notifies only about a change, so that a refresh re-runs nothing but the readers of the expiry.
pub(super) fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    signal.maybe_update(|current| {
        let is_changed = *current != value;
        *current = value;
        is_changed
    });
}

pub(super) fn read<T: Send + Sync + 'static>(signal: &ArcRwSignal<T>) -> ReadSignal<T> {
    signal.read_only().into()
}
