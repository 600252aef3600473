//! Sends many requests at once.

use super::inspected_session::InspectedSession;
use crate::{api::send, problem::Problem};
use futures::{
    FutureExt,
    future::{LocalBoxFuture, join_all},
};
use std::{cell::Cell, time::Duration};
use wugan::Request;

/// The timeout of each request. A browser opens six connections to a server (HTTP/1.1), so of a thousand requests most wait in its queue.
pub(super) const TIMEOUT: Duration = Duration::from_mins(5);

/// Sends all requests at once. The session's events tell the outcomes; the connection is checked once for all failures, of which one is
/// returned.
pub(super) async fn burst(inspected: &InspectedSession, route: &str, count: usize) -> Result<(), Problem> {
    let problem = Cell::new(None);
    let one = || async {
        if let Err(failed) = send(inspected.client(), Request::get(route).timeout(TIMEOUT)).await {
            problem.set(Some(failed));
        }
    };
    all((0..count).map(|_| one().boxed_local()).collect()).await;
    match problem.take() {
        Some(problem) => Err(inspected.connection().report(problem).await),
        None => Ok(()),
    }
}

/// Awaits all futures. Boxed, so that this is compiled once.
pub(super) async fn all(futures: Vec<LocalBoxFuture<'_, ()>>) {
    join_all(futures).await;
}
