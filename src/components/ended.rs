//! Why a session ended, in words.

use crate::lang::Pick;
use leptos::prelude::*;
use wugan::SignOutReason;

/// The notice for a reason.
pub(crate) fn reason_text(reason: SignOutReason) -> Pick {
    match reason {
        SignOutReason::ByUser if DeletedNotice::expect().shown.get() => |t| t.ended().deleted,
        SignOutReason::ByUser => |t| t.ended().by_user,
        SignOutReason::OtherTab => |t| t.ended().other_tab,
        _ => |t| t.ended().rejected,
    }
}

/// Whether the session ended because the account was deleted here: the notice of an ordinary sign-out would not fit.
#[derive(Clone, Copy)]
pub(crate) struct DeletedNotice {
    shown: RwSignal<bool>,
}

impl DeletedNotice {
    pub(crate) fn provide() {
        provide_context(DeletedNotice { shown: RwSignal::new(false) });
    }

    pub(crate) fn expect() -> DeletedNotice {
        expect_context()
    }

    pub(crate) fn show(self) {
        self.shown.set(true);
    }

    pub(crate) fn hide(self) {
        self.shown.set(false);
    }
}
