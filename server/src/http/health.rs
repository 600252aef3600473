//! `GET /healthz`, `/readyz`, `/metrics`: for those who run the server.

use crate::{app::App, error::Error, metrics::CONTENT_TYPE};
use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::timeout;

/// A balancer asks every few seconds, and wants to hear a no before it gives up.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Error> {
    if app.stopping.load(Ordering::Relaxed) {
        return Err(Error::Busy("the server was told to stop".into()));
    }
    match timeout(PATIENCE, app.store.ping()).await {
        Ok(Ok(())) => Ok("ready"),
        Ok(Err(error)) => Err(Error::Busy(error.to_string())),
        Err(_) => Err(Error::Busy("the database does not answer".into())),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Error> {
    let text = app.metrics.text().map_err(|error| Error::Internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}
