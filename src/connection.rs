//! Whether the server can be reached. While it cannot, the banner says so; when it is back, pages load again.

use crate::{components::page::focus_content_from_retry, problem::Problem};
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

/// The state of the connection, one for the app; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Connection {
    lost: RwSignal<bool>,
    restored: RwSignal<bool>,
    checking: RwSignal<bool>,
    retries: RwSignal<u32>,
    /// Whether a retry is scheduled.
    scheduled: StoredValue<bool>,
    /// The number of recent waits, and when the last one began.
    waits: StoredValue<u32>,
    waited_at: StoredValue<u32>,
}

/// The waits between two attempts, in milliseconds; the last one repeats.
const WAITS: [u32; 4] = [1_000, 2_000, 4_000, 8_000];
/// After this long without a wait, the waits start over.
const RESET_AFTER: u32 = 60_000;
/// The timeout of a health check.
const CHECK_TIMEOUT: u32 = 5_000;

pub(crate) fn provide_connection() {
    let connection = Connection {
        lost: RwSignal::new(false),
        restored: RwSignal::new(false),
        checking: RwSignal::new(false),
        retries: RwSignal::new(0),
        scheduled: StoredValue::new(false),
        waits: StoredValue::new(0),
        waited_at: StoredValue::new(0),
    };
    provide_context(connection);
    window_event_listener_untyped("online", move |_| connection.check_now());
}

pub(crate) fn use_connection() -> Connection {
    expect_context()
}

impl Connection {
    pub(crate) fn is_lost(self) -> bool {
        self.lost.get()
    }

    /// Whether it was lost and has been restored.
    pub(crate) fn is_restored(self) -> bool {
        self.restored.get()
    }

    pub(crate) fn is_checking(self) -> bool {
        self.checking.get()
    }

    /// Tracks retries: changes when the server is back, or when a scheduled retry is due.
    pub(crate) fn track_retries(self) {
        self.retries.track();
    }

    /// Checks the server after a failed request. If it is down, the banner says so and checks continue until it is back.
    pub(crate) async fn is_down(self) -> bool {
        if !self.lost.get_untracked() && !is_healthy().await {
            self.lose();
        }
        self.lost.get_untracked()
    }

    /// Checks the server after a problem that may be an outage. If it is down, the banner says so; else the request is repeated later,
    /// and the caller shows when.
    pub(crate) async fn report(self, problem: Problem) -> Problem {
        let min_wait_ms = match problem {
            Problem::Unreachable | Problem::NotLoaded => 0,
            Problem::Unrenewed(seconds) => seconds.saturating_mul(1_000),
            _ => return problem,
        };
        if self.is_down().await {
            return Problem::Unreachable;
        }
        self.retry_later(min_wait_ms);
        problem
    }

    /// Schedules a retry after at least `min_wait` milliseconds: the server is up, but did not do what was requested.
    fn retry_later(self, min_wait: u32) {
        if self.scheduled.get_value() {
            return;
        }
        self.scheduled.set_value(true);
        let wait = self.next_wait().max(min_wait);
        spawn_local(async move {
            TimeoutFuture::new(wait).await;
            self.scheduled.set_value(false);
            self.retries.update(|retries| *retries += 1);
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

    /// Backoff, shared by outages and retries, so that a server that fails now and then is not asked every second.
    fn next_wait(self) -> u32 {
        let now = now();
        let waits = if now.saturating_sub(self.waited_at.get_value()) > RESET_AFTER { 0 } else { self.waits.get_value() };
        self.waited_at.set_value(now);
        self.waits.set_value(waits + 1);
        WAITS[WAITS.len().min(waits as usize + 1) - 1]
    }

    /// Checks now instead of after the present wait.
    pub(crate) fn check_now(self) {
        spawn_local(self.check());
    }

    async fn check(self) {
        if !self.lost.get_untracked() || self.checking.get_untracked() {
            return;
        }
        self.checking.set(true);
        let healthy = is_healthy().await;
        self.checking.set(false);
        if healthy {
            focus_content_from_retry();
            self.restored.set(true);
            self.lost.set(false);
            self.retries.update(|retries| *retries += 1);
        }
    }
}

/// Requests `/healthz` without the session, so that the inspector does not show it.
async fn is_healthy() -> bool {
    match select(JsFuture::from(window().fetch_with_str("/healthz")), TimeoutFuture::new(CHECK_TIMEOUT)).await {
        Either::Left((response, _)) => response.is_ok_and(|response| response.unchecked_into::<web_sys::Response>().ok()),
        Either::Right(_) => false,
    }
}

/// Milliseconds on the page's monotonic clock.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, after seven weeks.
fn now() -> u32 {
    window().performance().map_or(0.0, |clock| clock.now()) as u32
}
