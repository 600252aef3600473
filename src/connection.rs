//! Whether the server can be reached: the banner says so, and the pages ask again when it is back.

use crate::arrival::focus_content_from_again;
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use std::pin::pin;

/// Is kept for the whole app; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Connection {
    lost: RwSignal<bool>,
    back: RwSignal<bool>,
    checking: RwSignal<bool>,
    returns: RwSignal<u32>,
    /// Whether it is settled when to ask again.
    planned: StoredValue<bool>,
    /// How many waits there have been lately, and when the last began.
    waits: StoredValue<u32>,
    waited_at: StoredValue<u32>,
}

/// The waits between two tries, in milliseconds; the last one is repeated.
const WAITS: [u32; 4] = [1_000, 2_000, 4_000, 8_000];
/// When all has been well for so long, the waits are short again.
const WELL: u32 = 60_000;
/// A server that does not say in this time that it is there, is not.
const LOOK: u32 = 5_000;

pub(crate) fn provide_connection() {
    let connection = Connection {
        lost: RwSignal::new(false),
        back: RwSignal::new(false),
        checking: RwSignal::new(false),
        returns: RwSignal::new(0),
        planned: StoredValue::new(false),
        waits: StoredValue::new(0),
        waited_at: StoredValue::new(0),
    };
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

    /// Whether it was lost once, and is not any more.
    pub(crate) fn is_back(self) -> bool {
        self.back.get()
    }

    pub(crate) fn is_checking(self) -> bool {
        self.checking.get()
    }

    /// Changes whenever the server is back, or may do now what it did not before: what tracks it is loaded again.
    pub(crate) fn returns(self) -> u32 {
        self.returns.get()
    }

    /// A request did not come through. Is it the server? Then the banner says so, and it is looked for until it is back.
    pub(crate) async fn is_away(self) -> bool {
        if !self.lost.get_untracked() && !is_there().await {
            self.lose();
        }
        self.lost.get_untracked()
    }

    /// The server is there, and does not do what it was asked for: it is asked again, but not before so many milliseconds.
    pub(crate) fn ask_later(self, least: u32) {
        if self.planned.get_value() {
            return;
        }
        self.planned.set_value(true);
        let wait = self.next_wait().max(least);
        spawn_local(async move {
            TimeoutFuture::new(wait).await;
            self.planned.set_value(false);
            self.returns.update(|returns| *returns += 1);
        });
    }

    fn lose(self) {
        if self.lost.get_untracked() {
            return;
        }
        self.lost.set(true);
        spawn_local(async move {
            while self.lost.get_untracked() {
                TimeoutFuture::new(self.next_wait()).await;
                self.check().await;
            }
        });
    }

    /// Longer each time, also for what is well in between and never for long.
    fn next_wait(self) -> u32 {
        let now = now();
        let waits = if now.saturating_sub(self.waited_at.get_value()) > WELL { 0 } else { self.waits.get_value() };
        self.waited_at.set_value(now);
        self.waits.set_value(waits + 1);
        WAITS[WAITS.len().min(waits as usize + 1) - 1]
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
        let there = is_there().await;
        self.checking.set(false);
        if there {
            focus_content_from_again();
            self.back.set(true);
            self.lost.set(false);
            self.returns.update(|returns| *returns += 1);
        }
    }
}

/// Past the session on purpose: this is no request of anybody's, and shall not show as one.
async fn is_there() -> bool {
    match select(pin!(gloo_net::http::Request::get("/healthz").send()), TimeoutFuture::new(LOOK)).await {
        Either::Left((answer, _)) => answer.is_ok_and(|answer| answer.ok()),
        Either::Right(_) => false,
    }
}

/// Milliseconds on the page's own clock, which nobody sets.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, after seven weeks.
fn now() -> u32 {
    window().performance().map_or(0.0, |clock| clock.now()) as u32
}
