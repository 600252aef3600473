//! The routes of the server: those of `wugan_axum`, the tutorial's, probes, metrics, the OpenAPI document and the app's files.

use crate::web::Web;
use axum::{
    Router,
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use wugan_axum::{Auth, Error, METRICS_CONTENT_TYPE, User};
use wugan_wire::routes::{GUARDED, PUBLIC};

/// Set when the server got a stop signal: `/readyz` answers 503 from then on.
pub(crate) type Stopping = Arc<AtomicBool>;

/// The public routes.
pub(crate) fn public(auth: &Auth, web: Web, stopping: Stopping) -> Router {
    Router::new()
        // The tutorial's public and guarded route.
        .route(PUBLIC, get(|| async { "aaa" }))
        .route(GUARDED, get(|_: User| async { "bbb" }))
        .route("/openapi.json", get(openapi))
        .with_state(auth.clone())
        .merge(auth.routes())
        .merge(probes(auth, stopping))
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .fallback(move |request: Request| async move { web.serve(request).await })
}

/// The routes of the admin listener.
pub(crate) fn admin(auth: &Auth, stopping: Stopping) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(auth.clone()).merge(probes(auth, stopping))
}

fn probes(auth: &Auth, stopping: Stopping) -> Router {
    let ready = move |State(auth): State<Auth>| async move {
        if stopping.load(Ordering::Relaxed) {
            return Err(Error::Busy("the server is stopping".into()));
        }
        auth.ready().await.map(|()| "ready")
    };
    Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready)).with_state(auth.clone())
}

async fn metrics(State(auth): State<Auth>) -> Result<Response, Error> {
    let text = auth.metrics().text().map_err(|error| Error::Internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, METRICS_CONTENT_TYPE)], text).into_response())
}

/// The API as OpenAPI 3.1. A test validates responses against it.
async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json"))
}
