//! A real server on port 0 with a clock that can be moved, and a client for it.

use crate::{
    database::Kind,
    proxy::{Proxy, host},
};
use clap::Parser;
use reqwest::{Client, Response, StatusCode, header};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};
use uuid::Uuid;
use wugan_axum::{
    Auth,
    clock::Clock,
    store::session::{self, SessionSelector},
};
use wugan_server::{config::Config, serve::Server};
use wugan_wire::{Code, ErrorBody, TokenAnswer};

pub(crate) const PASSWORD: &str = "correct horse battery";
/// Flags for tests that sign in more often than the limits allow.
pub(crate) const MANY: &[&str] = &["--name-limit", "1000000/1h", "--address-limit", "1000000/1h"];

/// Whether the long forms are run.
pub(crate) fn long() -> bool {
    std::env::var_os("WUGAN_TEST_LONG").is_some()
}

/// A temporary folder, in memory where possible: the tests write often.
pub(crate) fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

/// A running server. Dropping it stops it; [`TestServer::stop`] waits until it has stopped.
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) http: Client,
    pub(crate) clock: Clock,
    pub(crate) auth: Auth,
    pub(crate) admin_url: String,
    pub(crate) config: Config,
    folder: Arc<TempDir>,
    kind: Kind,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start(kind: Kind) -> Self {
        Self::with(kind, &[]).await
    }

    /// Starts a server with these flags in addition to those of all tests.
    pub(crate) async fn with(kind: Kind, flags: &[&str]) -> Self {
        let folder = Arc::new(folder());
        let url = kind.create(folder.path()).await;
        let key = folder.path().join("wugan.key");
        let web = folder.path().join("dist");
        let always = ["wugan-server", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--database-url", &url];
        let paths = ["--signing-key", key.to_str().unwrap(), "--web-root", web.to_str().unwrap()];
        // Tests refresh more often than clients do.
        let limit: &[&str] = if flags.contains(&"--session-limit") { &[] } else { &["--session-limit", "60000/1m"] };
        let config =
            Config::try_parse_from(always.iter().chain(&paths).chain(limit).chain(flags)).map_err(|error| error.to_string()).unwrap();
        Self::from(kind, config, folder, Clock::default()).await
    }

    /// Starts another server on the same database and keys: a second node.
    pub(crate) async fn another(&self) -> Self {
        Self::from(self.kind, self.config.clone(), self.folder.clone(), self.clock.clone()).await
    }

    /// Starts another server on the same database and keys, with other flags.
    pub(crate) async fn configured(&self, config: Config) -> Self {
        Self::from(self.kind, config, self.folder.clone(), self.clock.clone()).await
    }

    /// Creates another, empty database and returns its URL.
    pub(crate) async fn create_database(&self) -> String {
        let folder = self.folder.path().join("other");
        std::fs::create_dir_all(&folder).unwrap();
        self.kind.create(&folder).await
    }

    /// Starts another server that reaches the database by another URL.
    pub(crate) async fn on(&self, database_url: &str) -> Self {
        let config = Config { database_url: database_url.into(), ..self.config.clone() };
        Self::from(self.kind, config, self.folder.clone(), self.clock.clone()).await
    }

    /// Starts another server, which reaches the database through a proxy.
    pub(crate) async fn through_proxy(&self) -> (Proxy, Self) {
        let url = &self.config.database_url;
        let proxy = Proxy::start(host(url)).await;
        let server = self.on(&url.replace(host(url), &format!("127.0.0.1:{}", proxy.port))).await;
        (proxy, server)
    }

    async fn from(kind: Kind, config: Config, folder: Arc<TempDir>, clock: Clock) -> Self {
        let server = Server::bind(config.clone(), clock.clone()).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let url = format!("http://{}", server.address());
        let admin_url = format!("http://{}", server.admin_address().unwrap());
        let auth = server.auth();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Self { url, admin_url, http, clock, auth, config, folder, kind, stop: Some(stop), running }
    }

    /// Stops it like SIGTERM, and drops the database.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        let _ = self.running.await;
        if Arc::strong_count(&self.folder) == 1 {
            self.kind.drop(&self.config.database_url).await;
        }
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// Sends a request to the admin listener.
    pub(crate) async fn get_admin(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.admin_url)).send().await.unwrap()
    }

    /// Sends a request as a trusted proxy forwards it for a client with this address.
    pub(crate) async fn post_from(&self, client: &str, path: &str, body: &Value) -> Response {
        let request = self.http.post(format!("{}{path}", self.url)).header("x-forwarded-for", client);
        request.json(body).send().await.unwrap()
    }

    pub(crate) async fn get_as(&self, access: &str, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).bearer_auth(access).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.http.post(format!("{}{path}", self.url)).json(body).send().await.unwrap()
    }

    pub(crate) async fn post_as(&self, access: &str, path: &str, body: &Value) -> Response {
        self.http.post(format!("{}{path}", self.url)).bearer_auth(access).json(body).send().await.unwrap()
    }

    pub(crate) async fn register(&self, name: &str) -> TokenAnswer {
        let answer = self.post("/user/register", &json!({"username": name, "password": PASSWORD})).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.json().await.unwrap()
    }

    pub(crate) async fn login(&self, name: &str) -> TokenAnswer {
        let answer = self.try_login(name, PASSWORD).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    pub(crate) async fn try_login(&self, name: &str, password: &str) -> Response {
        self.post("/user/login", &json!({"username": name, "password": password})).await
    }

    pub(crate) async fn try_refresh(&self, token: &str) -> Response {
        self.post("/user/refresh", &json!({"refresh_token": token})).await
    }

    /// Refreshes with an attempt id.
    pub(crate) async fn try_exchange(&self, token: &str, attempt: &str) -> Response {
        self.post("/user/refresh", &json!({"refresh_token": token, "attempt": attempt})).await
    }

    /// Refreshes with an attempt id; it must succeed.
    pub(crate) async fn exchange(&self, token: &str, attempt: &str) -> TokenAnswer {
        let answer = self.try_exchange(token, attempt).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// Refreshes with an attempt id; it must be refused.
    pub(crate) async fn exchange_refused(&self, token: &str, attempt: &str) {
        expect_error(self.try_exchange(token, attempt).await, StatusCode::UNAUTHORIZED, Code::InvalidGrant).await;
    }

    /// The session's row.
    pub(crate) async fn row(&self, tokens: &TokenAnswer) -> session::Model {
        session::Entity::find_by_id(sid(tokens)).one(self.auth.store().reader()).await.unwrap().unwrap()
    }

    /// Sets a row back to an older state, as a failover that lost commits does, and clears it from the caches.
    pub(crate) async fn restore(&self, row: &session::Model) {
        self.set_row(row).await;
        self.auth.sessions().invalidate(SessionSelector::One(row.id));
    }

    /// Sets a row back; the caches stay as they are.
    pub(crate) async fn set_row(&self, row: &session::Model) {
        session::Entity::update(row.clone().into_active_model().reset_all()).exec(self.auth.store().writer()).await.unwrap();
    }

    /// Refreshes; it must succeed.
    pub(crate) async fn refresh(&self, token: &str) -> TokenAnswer {
        let answer = self.try_refresh(token).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// Refreshes; it must be refused.
    pub(crate) async fn refused(&self, token: &str) {
        expect_error(self.try_refresh(token).await, StatusCode::UNAUTHORIZED, Code::InvalidGrant).await;
    }

    pub(crate) async fn logout(&self, token: &str, scope: &str) {
        let answer = self.post(&format!("/user/logout{scope}"), &json!({"refresh_token": token})).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }

    /// Whether the guarded route accepts this access token.
    pub(crate) async fn accepts(&self, access: &str) -> bool {
        let answer = self.get_as(access, "/bbb").await;
        match answer.status() {
            StatusCode::OK => true,
            StatusCode::UNAUTHORIZED => false,
            other => panic!("{other}"),
        }
    }

    /// A counter of the admin listener's `/metrics`.
    pub(crate) async fn counted(&self, name: &str) -> u64 {
        let text = self.get_admin("/metrics").await.text().await.unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} is not counted:\n{text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

/// Checks a response's status, error code and format, and returns its body.
pub(crate) async fn expect_error(answer: Response, status: StatusCode, code: Code) -> ErrorBody {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    let text = answer.text().await.unwrap();
    let body: ErrorBody = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!((body.status_code, body.code), (status.as_u16(), code), "{text}");
    assert!(!body.message.is_empty());
    body
}

/// The session that a pair belongs to.
pub(crate) fn sid(tokens: &TokenAnswer) -> Uuid {
    claims(&tokens.refresh_token)["sid"].as_str().unwrap().parse().unwrap()
}

/// The claims of a token, without verification.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

pub(crate) fn part(token: &str, which: usize) -> Value {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(which).unwrap()).unwrap()).unwrap()
}
