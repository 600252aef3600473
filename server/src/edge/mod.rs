//! The middleware of all requests, in one function: pacing, admission, timeout, panics, headers, CORS, metrics and the log line.

mod admission;
mod cors;
mod headers;
mod networks;
mod pacing;
mod route;

pub(crate) use cors::cors;
pub(crate) use networks::MAX_CONNECTIONS;

use crate::log::Answered;
use admission::Admission;
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, HeaderValue, Request, header},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use hyper::body::Incoming;
use networks::Networks;
use pacing::Pacing;
use std::{
    convert::Infallible,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::CorsLayer;
use wugan_axum::{Auth, Error};

/// A handler that has not finished after this time is dropped and answered 503. It is longer than the default time for a body to arrive and than
/// all timeouts of the database.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How much of a path is logged.
const MAX_LOGGED_PATH: usize = 200;

/// The router with the middleware of all requests.
pub(crate) struct Edge {
    auth: Auth,
    cors: CorsLayer,
    routes: Router,
    /// Answers requests above the limits of admission.
    refusals: Router,
    pacing: Pacing,
    admission: Admission,
    connections: Networks,
    /// The number of ids generated so far. An id is the hash of its number with a random key of this process.
    generated_ids: AtomicU64,
    ids: RandomState,
}

impl Edge {
    /// With at most this many connections in all and for one network, and this many requests a second of one network.
    pub(crate) fn new(auth: Auth, routes: Router, cors: CorsLayer, (max, max_per_network): (usize, usize), rate: u32) -> Self {
        let refusals = Router::new().fallback(|| async { Error::Busy("too many requests of one network are in flight".into()) });
        let (pacing, admission, connections) = (Pacing::new(rate), Admission::new(max), Networks::new(max, max_per_network));
        Self { auth, cors, routes, refusals, pacing, admission, connections, generated_ids: AtomicU64::new(0), ids: RandomState::new() }
    }

    /// Serves a connection, unless its network has too many.
    pub(crate) fn serve(&self, peer: IpAddr, connection: impl Future<Output = ()> + Send + 'static) {
        // A proxy's connections are those of many clients.
        let client = (!self.auth.proxies().contains(peer)).then_some(peer);
        self.connections.serve(client, connection);
    }

    /// Answers a request.
    pub(crate) async fn handle(&self, peer: SocketAddr, request: Request<Incoming>) -> Result<Response, Infallible> {
        let (proxies, headers) = (self.auth.proxies(), request.headers());
        let (client, is_https) = (proxies.client(peer.ip(), headers), proxies.is_https(peer.ip(), headers));
        let id = self.request_id(peer.ip(), headers);
        let has_proof = headers.contains_key(cors::DPOP);
        let (route, class) = route::classify(request.uri().path());
        let method = route::method_label(request.method());
        let uri = request.uri().clone();

        let delay = self.pacing.delay(client, Instant::now());
        if !delay.is_zero() {
            self.auth.metrics().delayed();
            sleep(delay).await;
        }
        let started = Instant::now();
        let quota = self.admission.quota(class, proxies.contains(peer.ip()));
        // Released when the request is answered, or dropped because its client has disconnected.
        let permit = quota.map(|quota| quota.take(Some(client)));
        let routes = if matches!(permit, Some(None)) { &self.refusals } else { &self.routes };
        let mut response = respond(&self.cors, routes, REQUEST_TIMEOUT, peer, request.map(Body::new)).await;
        headers::complete(response.headers_mut(), is_https);
        // The nonce of the next proof, so that a new one costs no second request (RFC 9449 §8.2).
        let nonce = if has_proof { self.auth.dpop_nonce() } else { None };
        if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
            response.headers_mut().insert(cors::DPOP_NONCE, nonce);
        }
        response.headers_mut().insert(REQUEST_ID, id.clone());
        // The path alone: the query of the tutorial's refresh holds a token.
        let path = uri.path();
        let path = &path[..path.floor_char_boundary(MAX_LOGGED_PATH)];
        let (status, took) = (response.status().as_u16(), started.elapsed());
        self.auth.metrics().request(method, route, status, took);
        Answered { id: id.to_str().unwrap_or_default(), method, path, ip: client, status, took }.log();
        Ok(response)
    }

    /// A new id, or that of a trusted proxy, so that the proxy's log and this server's can be matched.
    fn request_id(&self, peer: IpAddr, headers: &HeaderMap) -> HeaderValue {
        let is_valid = |id: &[u8]| (8..=64).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b));
        let sent = headers.get(REQUEST_ID).filter(|id| self.auth.proxies().contains(peer) && is_valid(id.as_bytes()));
        let made = || format!("{:016x}", self.ids.hash_one(self.generated_ids.fetch_add(1, Ordering::Relaxed))).try_into();
        // Digits are always valid.
        sent.cloned().or_else(|| made().ok()).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Answers by CORS only if the request has an `Origin`.
async fn respond(cors: &CorsLayer, router: &Router, limit: Duration, peer: SocketAddr, mut request: Request<Body>) -> Response {
    request.extensions_mut().insert(ConnectInfo(peer));
    if !request.headers().contains_key(header::ORIGIN) {
        return answer(router.clone(), limit, request).await;
    }
    let answer = service_fn(|request| answer(router.clone(), limit, request).map(Ok));
    let Ok::<_, Infallible>(response) = cors.layer(answer).oneshot(request).await;
    response
}

/// The answer of the router, within a time limit. A handler that panics is answered, too.
async fn answer(router: Router, limit: Duration, request: Request<Body>) -> Response {
    match timeout(limit, AssertUnwindSafe(router.oneshot(request)).catch_unwind()).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Err(_)) => Error::Internal("a handler panicked".into()).into_response(),
        Err(_) => Error::Busy("a request took too long".into()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::{http::StatusCode, routing::get};
    use std::future::pending;

    #[tokio::test]
    async fn case_21_a_page_reads_that_a_handler_panicked_or_took_too_long() {
        const ORIGIN: &str = "https://app.example.com";
        async fn panics() {
            panic!("on purpose")
        }
        let router = Router::new().route("/panics", get(panics)).route("/hangs", get(pending::<()>));
        let (cors, limit, peer) = (cors(&[ORIGIN.into()], &[]), Duration::from_millis(20), SocketAddr::from(([127, 0, 0, 1], 1)));
        for (path, status) in [("/panics", StatusCode::INTERNAL_SERVER_ERROR), ("/hangs", StatusCode::SERVICE_UNAVAILABLE)] {
            let request = Request::get(path).header(header::ORIGIN, ORIGIN).body(Body::empty()).unwrap();
            let response = respond(&cors, &router, limit, peer, request).await;
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], ORIGIN);
        }
    }
}
