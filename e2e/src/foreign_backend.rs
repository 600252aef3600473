//! Backends of other projects, each a process of its own, behind a server that has the test's page and forwards all else to the backend.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use reqwest::{Client, redirect};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;

use crate::{Failure, Result, server::from_env, until};

const ACCOUNT: (&str, &str) = ("ada", "lovelace");

/// A backend that is not this project's. Access tokens live for 2 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// The tutorial's kind, on MariaDB (`bench/nest`). It does not rotate refresh tokens.
    Nest,
    /// The server of the guide's page. Rotation is strict, and its sessions are in memory.
    Express,
    /// The project of the guide's page, on SQLite. Rotation is strict.
    Django,
}

/// A running backend and the server before it. Dropping it ends both.
pub struct ForeignBackend {
    kind: Foreign,
    process: Child,
    port: u16,
    folder: TempDir,
    site: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    backend: String,
    client: Client,
    answered: Mutex<Vec<(String, StatusCode)>>,
    /// The path whose next response is dropped.
    lost: Mutex<Option<String>>,
}

impl ForeignBackend {
    /// Starts both at free ports.
    ///
    /// # Errors
    /// A program or package of the backend is missing, or the built page; `cargo xtask test e2e` installs or builds them.
    pub async fn start(kind: Foreign) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        kind.prepare(folder.path()).await?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?.port();
        let process = kind.run(folder.path(), port).await?;
        let backend = format!("http://127.0.0.1:{port}");
        let client = Client::builder().redirect(redirect::Policy::none()).build()?;
        let shared = Arc::new(Shared { backend, client, answered: Mutex::default(), lost: Mutex::default() });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let site = format!("http://{}", listener.local_addr()?);
        let forwarded = any(forward).with_state(shared.clone());
        let page = from_env("WUGAN_TEST_FOREIGN_PAGE", "target/example-pages/wugan-e2e-foreign-page");
        let files = ServeDir::new(page).call_fallback_on_method_not_allowed(true).fallback(forwarded);
        let serving = tokio::spawn(async move {
            // Returns only when the task is aborted.
            let _ = axum::serve(listener, axum::Router::new().fallback_service(files)).await;
        });
        Ok(Self { kind, process, port, folder, site, shared, serving })
    }

    /// The address of the page and, from there, of the backend.
    #[must_use]
    pub fn url(&self) -> String {
        self.site.clone()
    }

    /// The page's path for this backend.
    #[must_use]
    pub fn path(&self) -> &'static str {
        match self.kind {
            Foreign::Nest => "/?nest",
            Foreign::Express => "/?express",
            Foreign::Django => "/?django",
        }
    }

    /// The password of the backend's account.
    #[must_use]
    pub fn password(&self) -> &'static str {
        ACCOUNT.1
    }

    /// The number of requests to a path that were answered with this status.
    #[must_use]
    pub fn answered(&self, path: &str, status: u16) -> usize {
        let answered = self.shared.answered();
        answered.iter().filter(|(answered, with)| answered == path && with.as_u16() == status).count()
    }

    /// The path of the refresh route.
    #[must_use]
    pub fn refresh_route(&self) -> &'static str {
        match self.kind {
            Foreign::Nest => "/user/refresh",
            Foreign::Express => "/auth/refresh",
            Foreign::Django => "/api/token/refresh/",
        }
    }

    /// The path of the route that ends a session, if there is one.
    #[must_use]
    pub fn revocation_route(&self) -> Option<&'static str> {
        match self.kind {
            Foreign::Nest => None,
            Foreign::Express => Some("/auth/logout"),
            Foreign::Django => Some("/api/token/blacklist/"),
        }
    }

    /// The number of successful exchanges.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        let route = self.refresh_route();
        self.shared.answered().iter().filter(|(path, status)| path == route && status.is_success()).count()
    }

    /// Drops the next response of the refresh route, after the backend has carried the exchange out.
    pub fn lose_next_refresh(&self) {
        *self.shared.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.refresh_route().to_owned());
    }

    /// Ends the backend. What it stored stays.
    ///
    /// # Errors
    /// It does not end.
    pub async fn stop(&mut self) -> Result {
        Ok(self.process.kill().await?)
    }

    /// Starts the backend again, at the same address and with what it stored.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> Result {
        self.process = self.kind.run(self.folder.path(), self.port).await?;
        Ok(())
    }
}

impl Drop for ForeignBackend {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn answered(&self) -> MutexGuard<'_, Vec<(String, StatusCode)>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Foreign {
    /// Writes the backend's files and its account.
    async fn prepare(self, folder: &Path) -> Result {
        match self {
            Foreign::Nest => {}
            Foreign::Express => {
                std::fs::copy(guide("express/server.mjs"), folder.join("server.mjs"))?;
                // The program finds its packages beside it.
                std::os::unix::fs::symlink(from_env("WUGAN_TEST_EXPRESS", "node_modules"), folder.join("node_modules"))?;
            }
            Foreign::Django => {
                for task in ["migrate", "user"] {
                    let output = django(folder).arg(task).output().await?;
                    if !output.status.success() {
                        return Err(format!("manage.py {task}: {}", String::from_utf8_lossy(&output.stderr)).into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Starts the process and waits until it listens.
    async fn run(self, folder: &Path, port: u16) -> Result<Child> {
        let mut command = match self {
            Foreign::Nest => {
                let database = std::env::var("WUGAN_TEST_NEST_DATABASE")
                    .map_err(|_| "WUGAN_TEST_NEST_DATABASE is not set: `cargo xtask test e2e` has one")?;
                let mut node = Command::new("node");
                node.arg("dist/main.js").current_dir(root().join("bench/nest")).env("NODE_ENV", "production");
                node.env("DATABASE_URL", database).env("JWT_SECRET", "a secret of thirty-two bytes or more").env("ACCESS_TTL", "2s");
                node.env("DEMO_USER", format!("{}:{}", ACCOUNT.0, ACCOUNT.1)).env("PORT", port.to_string());
                node
            }
            Foreign::Express => {
                let mut node = Command::new("node");
                node.arg("server.mjs").current_dir(folder).env("ACCESS_SECONDS", "2").env("PORT", port.to_string());
                node
            }
            Foreign::Django => {
                let mut python = django(folder);
                python.args(["runserver", "--noreload", &format!("127.0.0.1:{port}")]);
                python
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| format!("{self:?}: {error}; `cargo xtask test e2e` installs it"))?;
        until(&format!("{self:?} to listen"), async || {
            if let Some(status) = process.try_wait()? {
                return Err(Failure::from(format!("{self:?} ended: {status}")));
            }
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok().then_some(()))
        })
        .await?;
        Ok(process)
    }
}

fn django(folder: &Path) -> Command {
    let mut python = Command::new("python3");
    python.arg(guide("django/manage.py")).current_dir(folder).env("ACCESS_SECONDS", "2");
    python.env("PYTHONPATH", from_env("WUGAN_TEST_DJANGO", "target/django")).env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// A file that the guide shows.
fn guide(file: &str) -> PathBuf {
    root().join("docs/guide/backends").join(file)
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let response = send(&shared, request).await.unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response());
    shared.answered().push((path.clone(), response.status()));
    let is_lost = shared.lost.lock().unwrap_or_else(PoisonError::into_inner).take_if(|lost| *lost == path).is_some();
    if is_lost { StatusCode::BAD_GATEWAY.into_response() } else { response }
}

async fn send(shared: &Shared, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let body = to_bytes(body, 1 << 20).await?;
    let sending = shared.client.request(head.method, format!("{}{target}", shared.backend)).headers(head.headers).body(body);
    let answer = sending.send().await?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(answer.headers());
        // This header is about the connection to the backend, not about the one to the browser.
        headers.remove("transfer-encoding");
        headers.remove("connection");
    }
    Ok(response.body(Body::from(answer.bytes().await?))?)
}
