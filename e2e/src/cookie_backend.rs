//! A backend that keeps the refresh token in an HttpOnly cookie. Rotation is strict: a refresh token is valid once, and its reuse ends
//! the session. It has one user and one session, and serves the page of `examples/cookie`.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower_http::cors::CorsLayer;
use tower_http::services::ServeDir;

use crate::{Refreshes, Result, server::from_env};

const COOKIE_NAME: &str = "refresh_token";

/// A running backend. Dropping it ends it.
pub struct CookieBackend {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    tokens: Mutex<Tokens>,
    /// Whether responses of the slow route are held.
    held: watch::Sender<bool>,
}

#[derive(Default)]
struct Tokens {
    /// The number of issued pairs, which is part of their tokens.
    issued: u64,
    access: Option<String>,
    refresh: Option<String>,
    used: HashSet<String>,
    refreshes: Refreshes,
    /// The number of requests that arrived at the slow route.
    slow: u64,
}

impl CookieBackend {
    /// Starts it at a free port. Pages of `allowed_origin` may call it with credentials.
    ///
    /// # Errors
    /// No port is free, or the origin is not a header value.
    pub async fn start(allowed_origin: Option<&str>) -> Result<Self> {
        let shared = Arc::new(Shared { tokens: Mutex::default(), held: watch::Sender::new(false) });
        let mut routes = Router::new()
            .route("/login", post(sign_in))
            .route("/auth/refresh", post(refresh))
            .route("/auth/logout", post(sign_out))
            .route("/notes", get(notes))
            .route("/notes/slow", get(slow_notes))
            .with_state(shared.clone())
            .fallback_service(ServeDir::new(from_env("WUGAN_TEST_COOKIE_PAGE", "target/example-pages/wugan-example-cookie")));
        if let Some(origin) = allowed_origin {
            let cors = CorsLayer::new().allow_origin(origin.parse::<HeaderValue>()?).allow_credentials(true);
            routes = routes.layer(cors.allow_methods([Method::GET, Method::POST]).allow_headers([AUTHORIZATION, CONTENT_TYPE]));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            // Returns only when the task is aborted.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, shared, serving })
    }

    /// The backend's address: `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Invalidates the access token before it expires. The refresh token stays valid.
    pub fn expire_access_token(&self) {
        self.shared.tokens().access = None;
    }

    /// The number of refreshes by outcome.
    #[must_use]
    pub fn refreshes(&self) -> Refreshes {
        self.shared.tokens().refreshes
    }

    /// Whether there is a session.
    #[must_use]
    pub fn has_session(&self) -> bool {
        self.shared.tokens().refresh.is_some()
    }

    /// The number of requests that arrived at the slow route.
    #[must_use]
    pub fn slow_requests(&self) -> u64 {
        self.shared.tokens().slow
    }

    /// Holds the responses of the slow route, or releases them. The token is checked when a request arrives.
    pub fn hold(&self, held: bool) {
        self.shared.held.send_replace(held);
    }
}

impl Drop for CookieBackend {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status_for(&self, headers: &HeaderMap) -> StatusCode {
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if sent.is_some() && sent == self.tokens().access.as_deref() { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    }
}

impl Tokens {
    /// Issues a new pair in place of the old one: the access token in the body, the refresh token in the cookie.
    fn issue(&mut self) -> Response {
        self.issued += 1;
        self.used.extend(self.refresh.take());
        let (access, refresh) = (format!("access-{}", self.issued), format!("refresh-{}", self.issued));
        let cookie = format!("{COOKIE_NAME}={refresh}; HttpOnly; SameSite=Lax; Path=/auth");
        let body = serde_json::json!({ "access_token": access, "expires_in": 600 }).to_string();
        (self.access, self.refresh) = (Some(access), Some(refresh));
        ([(SET_COOKIE, cookie.as_str()), (CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
    }

    fn end_session(&mut self) {
        self.access = None;
        self.used.extend(self.refresh.take());
    }
}

async fn sign_in(State(shared): State<Arc<Shared>>) -> Response {
    shared.tokens().issue()
}

async fn refresh(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let mut tokens = shared.tokens();
    let sent = cookie(&headers);
    if sent.is_some() && sent == tokens.refresh.as_deref() {
        tokens.refreshes.rotated += 1;
        return tokens.issue();
    }
    if sent.is_some_and(|sent| tokens.used.contains(sent)) && tokens.refresh.is_some() {
        tokens.refreshes.revoked += 1;
        tokens.end_session();
    } else {
        tokens.refreshes.refused += 1;
    }
    (StatusCode::UNAUTHORIZED, [(SET_COOKIE, removed().as_str())]).into_response()
}

async fn sign_out(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let mut tokens = shared.tokens();
    if cookie(&headers) == tokens.refresh.as_deref() {
        tokens.end_session();
    }
    (StatusCode::NO_CONTENT, [(SET_COOKIE, removed().as_str())]).into_response()
}

async fn notes(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> StatusCode {
    shared.status_for(&headers)
}

async fn slow_notes(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> StatusCode {
    let status = shared.status_for(&headers);
    shared.tokens().slow += 1;
    // Fails only if the sender was dropped, and the router owns the sender.
    let _ = shared.held.subscribe().wait_for(|held| !held).await;
    status
}

/// The refresh token in the request's cookies.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|cookies| cookies.split("; "));
    cookies.filter_map(|cookie| cookie.strip_prefix(COOKIE_NAME)?.strip_prefix('=')).next()
}

fn removed() -> String {
    format!("{COOKIE_NAME}=; HttpOnly; SameSite=Lax; Path=/auth; Max-Age=0")
}
