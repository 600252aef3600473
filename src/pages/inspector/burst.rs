//! Sends many requests at once.

use crate::{connection::Connection, problem::Problem};
use futures::{
    FutureExt,
    future::{LocalBoxFuture, join_all},
};
use leptos::task::spawn_local;
use std::{cell::Cell, time::Duration};
use wugan::{Client, Request};

/// The timeout of each request. A browser opens six connections to a server (HTTP/1.1), so of a thousand requests most wait in its queue.
pub(super) const TIMEOUT: Duration = Duration::from_mins(5);

/// Sends all requests at once. The session's events tell the outcomes; the connection is checked once for all failures.
pub(super) async fn burst(client: &Client, connection: Connection, route: &str, count: usize) {
    let problem = Cell::new(None);
    let one = || async {
        if let Err(error) = client.send(Request::get(route).timeout(TIMEOUT)).await {
            problem.set(Some(Problem::from(error)));
        }
    };
    all((0..count).map(|_| one().boxed_local()).collect()).await;
    if let Some(problem) = problem.take() {
        spawn_local(async move { drop(connection.report(problem).await) });
    }
}

/// Awaits all futures. Boxed, so that this is compiled once.
pub(super) async fn all(futures: Vec<LocalBoxFuture<'_, ()>>) {
    join_all(futures).await;
}
