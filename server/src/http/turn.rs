//! Whoever is not signed in gives way to those who are: sign-ins are heard one after the other, and before each of them everybody else
//! who has something to do.
//!
//! Tasks run in the order in which they became ready. A thousand sign-ins that arrive at the same moment would all be read and turned
//! away before the next request, and before each step of it: a refresh has several.

use crate::app::App;
use axum::{extract::FromRequestParts, http::request::Parts};
use std::{convert::Infallible, sync::Arc};
use tokio::{
    sync::{Mutex, MutexGuard},
    task::yield_now,
};

/// The queue of those who want to sign in. First come, first served; who hangs up leaves it.
#[derive(Default)]
pub struct Turns(Mutex<()>);

impl Turns {
    /// Waits for the turn, and for whoever is ready at that moment. What the turn is for begins after it: it is short, or waits elsewhere.
    async fn next(&self) {
        let turn = self.hold().await;
        yield_now().await;
        drop(turn);
    }

    /// Waits for the turn, and keeps it: nobody has the next one until it is dropped.
    pub async fn hold(&self) -> MutexGuard<'_, ()> {
        self.0.lock().await
    }
}

/// A handler that takes it waits for its turn first. It stands before what reads the body.
pub(super) struct Turn;

impl FromRequestParts<Arc<App>> for Turn {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        app.turns.next().await;
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// On one thread the order is always the same.
    #[tokio::test]
    async fn case_16_between_two_turns_everybody_else_has_his() {
        let (turns, passed) = (Arc::new(Turns::default()), Arc::new(AtomicUsize::new(0)));
        for _ in 0..1000 {
            let (turns, passed) = (turns.clone(), passed.clone());
            tokio::spawn(async move {
                turns.next().await;
                passed.fetch_add(1, Ordering::Relaxed);
            });
        }
        for step in 1..=10 {
            // What is ready now runs before it ends.
            assert!(tokio::spawn(async {}).await.is_ok());
            assert!(passed.load(Ordering::Relaxed) <= step, "{passed:?} of a thousand before the step {step} of another");
        }
        while passed.load(Ordering::Relaxed) < 1000 {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn case_16_who_hangs_up_while_he_waits_for_his_turn_holds_nobody_up() {
        let turns = Arc::new(Turns::default());
        let held = turns.hold().await;
        let waiting = turns.clone();
        let gone = tokio::spawn(async move { waiting.next().await });
        yield_now().await;
        gone.abort();
        assert!(gone.await.is_err());
        drop(held);
        turns.next().await;
    }
}
