//! Kind words about a session that ended.

use crate::lang::Pick;
use leptos::prelude::*;
use wugan::Reason;

/// Different words by reason.
pub(crate) fn ended(reason: Reason) -> Pick {
    match reason {
        Reason::ByUser if Farewell::expect().said.get() => |t| t.ended.deleted,
        Reason::ByUser => |t| t.ended.by_user,
        Reason::Elsewhere => |t| t.ended.elsewhere,
        Reason::Expired => |t| t.ended.expired,
        _ => |t| t.ended.rejected,
    }
}

/// Whether the account itself was deleted here: its session ended by the user's will, but "see you" would be out of place.
#[derive(Clone, Copy)]
pub(crate) struct Farewell {
    said: RwSignal<bool>,
}

impl Farewell {
    pub(crate) fn provide() {
        provide_context(Farewell { said: RwSignal::new(false) });
    }

    pub(crate) fn expect() -> Farewell {
        expect_context()
    }

    pub(crate) fn say(self) {
        self.said.set(true);
    }

    /// Somebody has signed in since.
    pub(crate) fn forget(self) {
        self.said.set(false);
    }
}
