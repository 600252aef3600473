//! The access log and the counters: one line and one count per answer, with an id that stands in the answer too.
//!
//! The log has the path and never the query, which holds a refresh token in the tutorial's form.

use super::device::{Peer, client};
use crate::app::App;
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use std::{sync::Arc, time::Instant};
use tracing::{Instrument, info, info_span};
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(200).collect();
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let ip = request.extensions().get::<Peer>().map(|peer| client(peer.0.ip(), request.headers(), &app.config.trusted_proxy));
    let span = info_span!("request", id = %id, %method, path, ip = ip.map(tracing::field::display));
    let mut answer = next.run(request).instrument(span.clone()).await;
    let (status, took) = (answer.status().as_u16(), started.elapsed());
    span.in_scope(|| info!(status, us = took.as_micros(), "answered"));
    app.metrics.request(label(&method), &route, status, took);
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    answer
}

/// The caller's own id if it is a decent one, so that a proxy's log and ours can be laid side by side.
fn request_id(request: &Request) -> String {
    let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let decent = |id: &&str| (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    sent.filter(decent).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

/// Methods are the caller's to make up, and a label is kept for ever.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
