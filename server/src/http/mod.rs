//! The wire over HTTP: one file per resource, each with its `router()`, and what all of them share.

mod access;
mod accounts;
mod answer;
pub mod body;
mod cors;
mod device;
mod error;
mod guard;
mod headers;
mod health;
mod keys;
mod observe;
mod openapi;
mod patience;
mod refresh;
mod sessions;
pub mod turn;
mod tutorial;

pub use device::Peer;

use crate::{app::App, error::Error, web::Web};
use axum::{
    Router,
    extract::Request,
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse,
};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// All routes, with everything around them. The outermost layer is the last: the headers, so that every answer has them.
pub fn router(app: Arc<App>, web: Web) -> Router {
    let cors = cors::layer(&app.config.allow_origin);
    Router::new()
        .merge(access::router())
        .merge(refresh::router())
        .merge(accounts::router())
        .merge(sessions::router())
        .merge(tutorial::router())
        .merge(health::router())
        .merge(keys::router())
        .merge(openapi::router())
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .fallback(move |request: Request| {
            let web = web.clone();
            async move { web.serve(request).await }
        })
        .layer(from_fn(patience::bounded))
        .layer(CatchPanicLayer::custom(|_| Error::Internal("a handler panicked".into()).into_response()))
        // A page of another origin must be able to read errors too, so this is around them.
        .layer(cors)
        .layer(from_fn_with_state(app.clone(), observe::observe))
        .layer(from_fn_with_state(app.clone(), headers::secure))
        .with_state(app)
}
