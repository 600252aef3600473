//! Whether the server can be reached: the banner says so, and the pages ask again when it is back.

use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};

/// Is kept for the whole app; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Connection {
    lost: RwSignal<bool>,
    checking: RwSignal<bool>,
    returns: RwSignal<u32>,
}

/// The waits between two looks at a server that is away, in milliseconds; the last one is repeated.
const WAITS: [u32; 4] = [1_000, 2_000, 4_000, 8_000];

pub(crate) fn provide_connection() {
    let connection = Connection { lost: RwSignal::new(false), checking: RwSignal::new(false), returns: RwSignal::new(0) };
    provide_context(connection);
    window_event_listener_untyped("online", move |_| connection.check_again());
}

pub(crate) fn use_connection() -> Connection {
    expect_context()
}

impl Connection {
    pub(crate) fn is_lost(self) -> bool {
        self.lost.get()
    }

    pub(crate) fn is_checking(self) -> bool {
        self.checking.get()
    }

    /// Changes whenever the server is back: what tracks it is loaded again.
    pub(crate) fn returns(self) -> u32 {
        self.returns.get()
    }

    /// A request did not come through: look until the server is back.
    pub(crate) fn lose(self) {
        if self.lost.get_untracked() {
            return;
        }
        self.lost.set(true);
        spawn_local(async move {
            let mut waits = WAITS.into_iter();
            let mut wait = WAITS[0];
            while self.lost.get_untracked() {
                wait = waits.next().unwrap_or(wait);
                TimeoutFuture::new(wait).await;
                self.check().await;
            }
        });
    }

    /// Looks now, without waiting for the next look.
    pub(crate) fn check_again(self) {
        spawn_local(self.check());
    }

    async fn check(self) {
        if !self.lost.get_untracked() || self.checking.get_untracked() {
            return;
        }
        self.checking.set(true);
        // Past the session on purpose: this is no request of anybody's, and shall not show as one.
        let there = gloo_net::http::Request::get("/healthz").send().await.is_ok_and(|answer| answer.ok());
        self.checking.set(false);
        if there {
            self.lost.set(false);
            self.returns.update(|returns| *returns += 1);
        }
    }
}
